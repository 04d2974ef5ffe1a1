/** How much a line of the log matters, the gravest first. */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** All levels, the gravest first. */
export const LEVELS: readonly LogLevel[] = ['error', 'warn', 'info', 'debug'];
