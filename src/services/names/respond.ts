/** What the servers of both transports ask for an answer. */

/**
 * The answer to a message: undefined when there is none. Questions that are passed on are answered
 * later, or never. It neither throws nor rejects.
 */
export type Respond = (
  message: Buffer,
  transport: 'udp' | 'tcp',
  asker: string,
) => Buffer | undefined | Promise<Buffer | undefined>;
