/** What one member of the view brings into the zone. */

import { parseAddress, parseIp, scopeOf, address as asAddress } from '../../base/address.ts';
import type { MemberView } from '../../core/view.ts';
import { hostLabel } from './labels.ts';
import type { RecordData } from './rr.ts';

/** How the zone is made of a view. */
export interface ZoneSettings {
  /** The zone's name, without a dot at its end: `home.internal`. */
  readonly name: string;
  /** Milliseconds since it was heard, for which a lost member keeps its last address. */
  readonly lostMs: number;
  /** Whether addresses of protocol 1 that nobody proved are given out (`--v1-unproven`). */
  readonly unproven: boolean;
}

/** Five minutes: a machine that restarts comes back within, and keeps the address mostly. */
export const LOST_MS = 300_000;

/** A member as the zone holds it: no more than it takes to make its records. */
export interface Host {
  readonly id: string;
  readonly name: string;
  readonly protocol: 1 | 2;
  readonly tags: MemberView['tags'];
  /** The address that may be given out, as the view writes it. */
  readonly shown: string | null;
  readonly lost: boolean;
  readonly ip: string | undefined;
}

/**
 * The host of a member; `old` itself when nothing changed that the zone shows. A port is nothing
 * that the zone shows.
 */
export function hostOf(member: MemberView, settings: ZoneSettings, old: Host | undefined): Host {
  const shown = shownAddress(member, settings);
  const lost = member.state === 'lost';
  const kept = old?.lost === lost && sameWords(old, member) ? old : undefined;
  if (kept?.shown === shown) return kept;
  const ip = shown === null ? undefined : ipOf(shown);
  if (kept !== undefined && kept.ip === ip) return kept;
  const { id, name, protocol, tags } = member;
  return { id, name, protocol, tags, shown, lost, ip };
}

/** `VALUE.KEY` of each tag whose two parts are labels. */
export function tagNames({ tags }: Host): readonly string[] {
  return Object.entries(tags).flatMap(([key, value]) => {
    const [k, v] = [hostLabel(key), hostLabel(value)];
    return k === undefined || v === undefined ? [] : [`${v}.${k}`];
  });
}

/** The records of its name and its ID: the address, and what RFC 6763 §6 makes of the rest. */
export function recordsOf({ id, tags, ip }: Host): readonly RecordData[] {
  const pairs = Object.entries(tags).map(([key, value]) => `${key}=${value}`);
  const words: RecordData = { type: 'TXT', texts: [`id=${id}`, ...pairs] };
  return ip === undefined ? [words] : [addressRecord(ip), words];
}

/** Milliseconds after which a lost member's address is no longer given out; undefined: never. */
export function expiresIn(member: MemberView, { lostMs }: ZoneSettings): number | undefined {
  if (member.state !== 'lost' || member.lastHeardMs === null) return undefined;
  const left = lostMs - member.lastHeardMs;
  return left > 0 ? left : undefined;
}

/** Addresses that nobody proved or vouched for are given out by nobody (B2). */
function shownAddress(member: MemberView, settings: ZoneSettings): string | null {
  const { state, proof, address, protocol } = member;
  if (state === 'left' || address === null) return null;
  if (state === 'lost' && expiresIn(member, settings) === undefined) return null;
  const believed = state === 'self' || proof !== 'none' || (protocol === 1 && settings.unproven);
  return believed ? address : null;
}

/** A link-local IPv6 address means nothing without a zone ID, which no record holds (RFC 4007). */
function ipOf(text: string): string | undefined {
  const read = parseAddress(text) ?? parseIp(text);
  if (read === undefined) return undefined;
  const whole = asAddress(read.ip, 0);
  const local = whole?.family === 6 && scopeOf(whole) === 'link-local';
  return local ? undefined : read.ip;
}

function sameWords(a: Host, b: MemberView): boolean {
  return a.name === b.name && a.protocol === b.protocol && sameTags(a.tags, b.tags);
}

function sameTags(a: MemberView['tags'], b: MemberView['tags']): boolean {
  if (a === b) return true;
  let left = 0;
  for (const key in a) {
    if (a[key] !== b[key]) return false;
    left += 1;
  }
  for (const _ in b) left -= 1;
  return left === 0;
}

/** The A or AAAA record of an IP address. */
export function addressRecord(ip: string): RecordData {
  return { type: ip.includes(':') ? 'AAAA' : 'A', ip };
}
