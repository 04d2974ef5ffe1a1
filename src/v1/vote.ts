/** Where the peers see this node: the original's vote, for public and private addresses apart. */

import { address, ipBytes } from '../base/address.ts';

/** The winner of one range. */
export interface Winner {
  readonly ip: string;
  readonly votes: number;
  readonly voters: number;
}

/** The outcome; undefined where nobody voted. */
export interface Election {
  readonly public: Winner | undefined;
  readonly private: Winner | undefined;
}

/**
 * True for what the original calls private: 10/8, 172.16/12, 192.168/16, 127/8; and of IPv6, which
 * it does not know, fc00::/7, fe80::/10 and ::1.
 */
export function isPrivate(ip: string): boolean {
  const parsed = address(ip, 0);
  if (parsed === undefined) return false;
  const [first = 0, second = 0] = ipBytes(parsed);
  if (parsed.family === 6) {
    const linkLocal = first === 0xfe && (second & 0xc0) === 0x80;
    return (first & 0xfe) === 0xfc || linkLocal || parsed.ip === '::1';
  }
  if (first === 10 || first === 127) return true;
  return (first === 172 && (second & 0xf0) === 16) || (first === 192 && second === 168);
}

/** The most frequent address of each range; ties keep the present, else what sorts first wins. */
export function elect(
  reflections: Iterable<string>,
  present: { readonly public: string | undefined; readonly private: string | undefined },
): Election {
  const counts = { public: new Map<string, number>(), private: new Map<string, number>() };
  for (const ip of reflections) {
    const range = counts[isPrivate(ip) ? 'private' : 'public'];
    range.set(ip, (range.get(ip) ?? 0) + 1);
  }
  return {
    public: winner(counts.public, present.public),
    private: winner(counts.private, present.private),
  };
}

function winner(
  counts: ReadonlyMap<string, number>,
  present: string | undefined,
): Winner | undefined {
  let best: { ip: string; votes: number } | undefined;
  let voters = 0;
  for (const [ip, votes] of counts) {
    voters += votes;
    const tied = votes === best?.votes && best.ip !== present && (ip === present || ip < best.ip);
    if (best === undefined || votes > best.votes || tied) best = { ip, votes };
  }
  return best === undefined ? undefined : { ...best, voters };
}
