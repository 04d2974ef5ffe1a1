/** IP addresses between text and octets: strict in what is read, canonical in what is written. */

import { assert } from './assert.ts';
import type { Bytes } from './bytes.ts';

/** Longest IPv6 text there is: six groups and a dotted quad (RFC 4291 §2.2). */
const MAX_TEXT = 45;

const GROUPS = 8;

/**
 * The four octets of a dotted quad; undefined unless there are four decimal numbers 0–255 without
 * leading zeros (RFC 6943 §3.1.1: `010` is 8 to some parsers and 10 to others).
 */
export function ipv4Bytes(text: string): Bytes | undefined {
  if (text.length < 7 || text.length > 15) return undefined;
  const bytes = new Uint8Array(4);
  let filled = 0;
  let value = -1;
  for (let index = 0; index <= text.length; index += 1) {
    const code = index < text.length ? text.charCodeAt(index) : 0x2e;
    if (code === 0x2e) {
      if (value < 0 || filled === 4) return undefined;
      bytes[filled++] = value;
      value = -1;
      continue;
    }
    const digit = code - 0x30;
    // A second digit after a zero would be a leading zero.
    if (digit < 0 || digit > 9 || value === 0) return undefined;
    value = value < 0 ? digit : value * 10 + digit;
    if (value > 255) return undefined;
  }
  return filled === 4 ? bytes : undefined;
}

/** Dotted quad of four octets. */
export function formatIpv4(bytes: Bytes): string {
  assert(bytes.length === 4, 'an IPv4 address has four octets');
  return bytes.join('.');
}

/**
 * The sixteen octets of an IPv6 text in any form of RFC 4291 §2.2, a dotted quad at its end
 * included; undefined otherwise, for zone IDs too.
 */
export function ipv6Bytes(text: string): Bytes | undefined {
  if (text.length < 2 || text.length > MAX_TEXT) return undefined;
  const groups: number[] = [];
  let gap = -1;
  let index = 0;
  if (text.startsWith('::')) {
    gap = 0;
    index = 2;
  }
  while (index < text.length) {
    if (groups.length === GROUPS) return undefined;
    const end = groupEnd(text, index);
    if (text[end] === '.') {
      const quad = ipv4Bytes(text.slice(index));
      if (quad === undefined || groups.length > GROUPS - 2) return undefined;
      groups.push(pair(quad, 0), pair(quad, 2));
      break;
    }
    if (end === index || end - index > 4) return undefined;
    groups.push(parseInt(text.slice(index, end), 16));
    if (end === text.length) break;
    // Here stands a colon; a second one is the gap, and a colon may not end the text.
    if (text[end] !== ':' || end + 1 === text.length) return undefined;
    index = end + 1;
    if (text[index] === ':') {
      if (gap >= 0) return undefined;
      gap = groups.length;
      index += 1;
    }
  }
  return expand(groups, gap);
}

/** Where the run of hexadecimal digits that begins at `start` ends. */
function groupEnd(text: string, start: number): number {
  let end = start;
  while (end < text.length) {
    const code = text.charCodeAt(end);
    const folded = code | 0x20;
    const digit = code >= 0x30 && code <= 0x39;
    if (!digit && !(code >= 0x41 && folded >= 0x61 && folded <= 0x66)) break;
    end += 1;
  }
  return end;
}

/** Puts the zeros that `::` stands for back at group `gap`; −1 means that there was none. */
function expand(groups: readonly number[], gap: number): Bytes | undefined {
  // A gap stands for at least one group of zeros.
  if (gap < 0 ? groups.length !== GROUPS : groups.length >= GROUPS) return undefined;
  const bytes = new Uint8Array(2 * GROUPS);
  const missing = GROUPS - groups.length;
  groups.forEach((group, position) => {
    const at = 2 * (gap >= 0 && position >= gap ? position + missing : position);
    bytes[at] = group >> 8;
    bytes[at + 1] = group & 0xff;
  });
  return bytes;
}

/**
 * The one text of RFC 5952 §4: lower case, no leading zeros, the longest run of two or more zero
 * groups as `::`, the first of equals. Never mixed with a dotted quad, which §5 leaves open.
 */
export function formatIpv6(bytes: Bytes): string {
  assert(bytes.length === 2 * GROUPS, 'an IPv6 address has sixteen octets');
  let longest = 1;
  let gap = -1;
  let run = 0;
  for (let group = 0; group < GROUPS; group += 1) {
    run = pair(bytes, 2 * group) === 0 ? run + 1 : 0;
    if (run > longest) {
      longest = run;
      gap = group - run + 1;
    }
  }
  let text = '';
  for (let group = 0; group < GROUPS; group += 1) {
    if (group === gap) {
      text += '::';
      group += longest - 1;
    } else {
      const colon = text === '' || text.endsWith(':') ? '' : ':';
      text += colon + pair(bytes, 2 * group).toString(16);
    }
  }
  return text;
}

/** The last four octets of an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2); undefined otherwise. */
export function mappedIpv4(bytes: Bytes): Bytes | undefined {
  if (bytes.length !== 2 * GROUPS || pair(bytes, 10) !== 0xffff) return undefined;
  for (let index = 0; index < 10; index += 1) if (bytes[index] !== 0) return undefined;
  return bytes.slice(12);
}

function pair(bytes: Bytes, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
