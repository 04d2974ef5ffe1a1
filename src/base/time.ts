/** A span of time in milliseconds, fractions allowed. */
export type Duration = number & { readonly __unit: 'duration' };

/** A point on the monotonic clock: milliseconds since an arbitrary origin; never set back. */
export type Instant = number & { readonly __unit: 'instant' };

/** A point on the wall clock: milliseconds since 1970-01-01T00:00Z, as wrong as that clock is. */
export type WallTime = number & { readonly __unit: 'wall-time' };

/** A duration of `n` milliseconds. Arithmetic gives plain numbers; this brands them again. */
export function millis(n: number): Duration {
  return n as Duration;
}

/** A duration of `n` seconds. */
export function seconds(n: number): Duration {
  return (n * 1000) as Duration;
}

/** A duration of `n` minutes. */
export function minutes(n: number): Duration {
  return (n * 60_000) as Duration;
}

/** A duration of `n` hours. */
export function hours(n: number): Duration {
  return (n * 3_600_000) as Duration;
}

/** A duration of `n` days of 24 hours. */
export function days(n: number): Duration {
  return (n * 86_400_000) as Duration;
}

/** A monotonic point from a clock's milliseconds. */
export function instant(n: number): Instant {
  return n as Instant;
}

/** A wall-clock point from milliseconds since the Unix epoch. */
export function wallTime(n: number): WallTime {
  return n as WallTime;
}

/** The point `d` later than `i`; earlier when `d` is negative. */
export function after(i: Instant, d: Duration): Instant {
  return (i + d) as Instant;
}

/** The time from one point to another; negative when `to` lies before `from`. */
export function elapsed(from: Instant, to: Instant): Duration {
  return (to - from) as Duration;
}

/** The earliest of the points given, leaving out those not set; undefined when none is set. */
export function earliest(first: Instant, ...others: readonly (Instant | undefined)[]): Instant;
export function earliest(...points: readonly (Instant | undefined)[]): Instant | undefined;
export function earliest(...points: readonly (Instant | undefined)[]): Instant | undefined {
  let found: Instant | undefined;
  for (const point of points) {
    if (point !== undefined && (found === undefined || point < found)) found = point;
  }
  return found;
}

/** Units by size, the largest first: the order in which a text may name them. */
const UNITS: readonly (readonly [name: string, size: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
];

/** Longer than any sensible duration, so that a pasted novel costs nothing. */
const MAX_TEXT = 40;
const PART = /(\d+(?:\.\d+)?)(ms|d|h|m|s)/y;

/**
 * Reads `600ms`, `5s`, `15m`, `2h`, `1d`, decimals (`1.5s`) and falling sequences (`1h30m`).
 * A unit is required, since a bare number would be guessed wrong by half its readers. Undefined
 * for anything else, signs and spaces included, and above 2^53 − 1 milliseconds.
 */
export function parseDuration(text: string): Duration | undefined {
  if (text.length === 0 || text.length > MAX_TEXT) return undefined;
  let total = 0;
  let position = 0;
  let unit = -1;
  while (position < text.length) {
    PART.lastIndex = position;
    const part = PART.exec(text);
    if (part === null) return undefined;
    const index = UNITS.findIndex(([name]) => name === part[2]);
    const size = UNITS[index]?.[1];
    if (size === undefined || index <= unit) return undefined;
    total += Number(part[1]) * size;
    unit = index;
    position = PART.lastIndex;
  }
  // 2.3 × 1000 is 2299.9999…; nothing here means less than a microsecond.
  const rounded = Math.round(total * 1000) / 1000;
  return rounded <= Number.MAX_SAFE_INTEGER ? millis(rounded) : undefined;
}

/**
 * The form {@link parseDuration} reads, for people: `250ms`, `12.346ms`, `1.5s`, `2h30m`, `3d`.
 * Whole milliseconds come back exactly; below one second three decimals are kept, above it whole
 * milliseconds. A negative duration gets a `-`, an infinite or unknown one is `never`.
 */
export function formatDuration(d: Duration): string {
  if (!Number.isFinite(d)) return 'never';
  if (d < 0) return `-${formatDuration(millis(-d))}`;
  const fine = Math.round(d * 1000) / 1000;
  if (fine < 1000) return fine === 0 ? '0s' : `${String(fine)}ms`;
  let left = Math.round(d);
  let text = '';
  for (const [name, size] of UNITS) {
    if (name === 's') return left === 0 ? text : `${text}${String(left / 1000)}s`;
    const count = Math.floor(left / size);
    if (count > 0) text += `${String(count)}${name}`;
    left -= count * size;
  }
  return text;
}
