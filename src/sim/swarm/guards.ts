/**
 * How much is too much: what {@link SwarmWatch} holds machines to. A bound that follows from the
 * protocol says how; what is a guard only, set above what was met, says that.
 */

import { FORWARDED_MAX } from '../checkers.ts';

/**
 * Datagrams one step may send for each other member: eight addresses and one of history, two
 * sockets, and a hello beside each ping. Where nothing is lost so much is never due at once.
 */
export const BURST_EACH = 36;
export const BURST_EXACT = 160;

/**
 * Datagrams one node may send to a bystander in a second, where nothing is lost and nobody is slow.
 * One rogue names the bystander for all members, so each question to one of them goes there, too,
 * from the main socket and a fresh one: for 2 × 8 introductions (two windows of a second each may
 * lie in one, PROTOCOL §12); in 3 rounds, 0.5 s apart, of 6 others at most; and 6 times for the
 * rogue itself, as often as a new record of it is taken. Seed 5021 met 43.
 */
export const AIMED_MAX: number = 2 * (2 * 8 + 3 * 6 + 6);
/**
 * In all, to everybody. A guard, no bound of the protocol: above what was met (PROTOCOL bounds what
 * one member can draw, and here are six).
 */
export const RATE_MAX = 900;

/**
 * Messages of a kind a second from one node to one host, where nothing is lost: twice what a member
 * is told, since two may be at one host after a swap. Summaries are 0.5 s apart (PROTOCOL §8), so 3
 * lie in a second of a clock that gains. Wants of a record are 0.2 s apart, 6 in a second, beside
 * what 3 summaries show to be missing. `sought`, of each member that is looked for, are 0.1 s apart
 * (§6), 11 in a second.
 */
export const KINDS: Readonly<Record<string, number>> = {
  summary: 2 * 3,
  want: 2 * (6 + 3),
  sought: 2 * 11,
};

/** Answers to hellos a second: a bucket of 200 and what flows into it meanwhile (§12). */
export const ANSWERS_MAX = 420;

/** How often one hello is answered with the same octets (PROTOCOL §2.2, §12). */
export const SAME_ANSWERS_MAX = 16;

/** News to one host in one step: eight datagrams answer a want, and some are new. */
export const NEWS_MAX = 12;

/** Made up hosts of one rogue that are asked in one step: eight candidates, one of history. */
export const INVENTED_MAX = 9;

/**
 * The same in a second: eight that were candidates before; eight introductions are followed in a
 * second from the first, so sixteen fit another second; six records are taken (a bucket of five and
 * one), of six addresses each.
 */
export const INVENTED_A_SECOND: number = 8 + 2 * 8 + 6 * 6;

/** Octets that come back to an accomplice for each that it sent. */
export const ACCOMPLICE_MAX = 0.6;

/**
 * Rounds a node may begin in the last ten quiet seconds, at most because of a member that is silent
 * on purpose: the gap doubles from 0.5 s on with each that changes nothing, so that they follow
 * each other after 1, 2, 4 and 8 s, and begins anew after a gap and 3 s without a doubt (PROTOCOL
 * §5). Five fit: at 0, 1, 6, 7 and 9 s.
 */
export const ROUNDS_MAX = 5;

/** Seconds for which a node may claim a false host: until a round ends, and another one does. */
export const FALSE_MAX = 5;

/** Two members may be shown at one place for so long: they may swap twice in a second. */
export const TWINS_MAX = 2_000;

/** A stranger may draw so many octets before factors count: one hello answered is not a flood. */
export const ALLOWANCE = 4_000;

/**
 * Where datagrams get lost a replayer may be the first to bring one: that is heard, and its source
 * asked. So it may draw more there, though never as much as it sends.
 */
export const REPLAYED_LOST = 0.6;

/** What each kind of stranger may draw for an octet sent; by the first word of its site's name. */
export const STRANGERS: readonly (readonly [site: string, factor: number])[] = [
  ['scan-', 0],
  ['replay-', 0.2],
  // An answer has 57 octets, a hello 117 (PROTOCOL §2.1); how many there are is watched elsewhere.
  ['hello-replay-', 0.49],
  ['forward-', FORWARDED_MAX],
  ['accomplice', ACCOMPLICE_MAX],
];
