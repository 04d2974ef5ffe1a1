/** Times and numbers for people. */

/** A span of time as people would say it: `80 ms`, `2.4 s`, `35 s`, `12 min`, `5 h`, `3 d`. */
export function span(ms: number): string {
  if (ms < 1_000) return ms < 10 ? `${trim(ms.toFixed(1))} ms` : `${String(Math.round(ms))} ms`;
  if (ms < 9_950) return `${trim((ms / 1_000).toFixed(1))} s`;
  // Rounded before the unit is chosen, or 59.6 seconds would be "60 s".
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${String(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${String(minutes)} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${String(hours)} h` : `${String(Math.round(hours / 24))} d`;
}

/** `1 member`, `3 members`. */
export function count(number: number, one: string, many: string = `${one}s`): string {
  return `${String(number)} ${number === 1 ? one : many}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function list(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  const before = words.slice(0, -1).join(', ');
  return before === '' ? last : `${before} and ${last}`;
}

function trim(fixed: string): string {
  return fixed.replace(/\.0$/, '');
}
