/** Names between dotted text and the labels of the wire (RFC 1035 §3.1), and what a name may be. */

import { formatIpv4, formatIpv6, ipv4Bytes, ipv6Bytes } from '../../base/ip.ts';

/** Octets of a name on the wire, its lengths and the root included (RFC 1035 §2.3.4). */
export const NAME_OCTETS_MAX = 255;

/** Octets of a label (RFC 1035 §2.3.4). */
export const LABEL_MAX = 63;

/** So that a name of 63 octets still fits in front of every zone. */
const ZONE_OCTETS_MAX = NAME_OCTETS_MAX - LABEL_MAX - 1;

/** Letters, digits and inner hyphens (RFC 1123 §2.1): what hosts and zones are called. */
const HOST_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Only ASCII letters are without case in DNS (RFC 4343 §3). */
export function foldCase(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) : text;
}

/** A text as the label of a host, in small letters; undefined when it is none. */
export function hostLabel(text: string): string | undefined {
  const folded = foldCase(text);
  return HOST_LABEL.test(folded) ? folded : undefined;
}

/**
 * The name of a zone in small letters and without the dot at its end; undefined for the root, for
 * what no host name can end with, and for names so long that no member's fits in front.
 */
export function parseZoneName(text: string): string | undefined {
  const name = foldCase(text.endsWith('.') ? text.slice(0, -1) : text);
  if (!name.split('.').every((label) => HOST_LABEL.test(label))) return undefined;
  // All digits at the end is how an IPv4 address looks (RFC 1123 §2.1).
  if (/(?:^|\.)[0-9]+$/.test(name)) return undefined;
  return name.length + 2 <= ZONE_OCTETS_MAX ? name : undefined;
}

/** Where the members of a cluster are named when nothing is said. */
export function defaultZoneName(cluster: string): string {
  return `${foldCase(cluster)}.internal`;
}

/**
 * The key of a name: its octets on the wire without the root, one character each, in small letters.
 * The labels are taken as they are; undefined when one is empty or the name is too long.
 */
export function nameKey(name: string): string | undefined {
  let key = '';
  for (const label of name.split('.')) {
    if (label.length === 0 || label.length > LABEL_MAX) return undefined;
    key += String.fromCharCode(label.length) + foldCase(label);
  }
  return key.length + 1 <= NAME_OCTETS_MAX ? key : undefined;
}

/** The octets of a key, with the root behind. */
export function keyOctets(key: string): Uint8Array {
  const octets = new Uint8Array(key.length + 1);
  for (let index = 0; index < key.length; index += 1) octets[index] = key.charCodeAt(index);
  return octets;
}

/** Whether a key is that of the zone or of a name in it. */
export function isWithin(key: string, zoneKey: string): boolean {
  if (!key.endsWith(zoneKey)) return false;
  // The zone's octets may also stand inside a label: it must begin where a label begins.
  const begin = key.length - zoneKey.length;
  let at = 0;
  while (at < begin) at += 1 + key.charCodeAt(at);
  return at === begin;
}

const REVERSE_4 = '\x07in-addr\x04arpa';
const REVERSE_6 = '\x03ip6\x04arpa';

/** The key of the name that an address is looked up under (RFC 1035 §3.5, RFC 3596 §2.5). */
export function reverseKey(ip: string): string {
  const four = ipv4Bytes(ip);
  if (four !== undefined) return labelsKey([...four].reverse().map(String)) + REVERSE_4;
  const digits = [...(ipv6Bytes(ip) ?? [])].reverse().flatMap((octet) => [octet & 15, octet >> 4]);
  return labelsKey(digits.map((digit) => digit.toString(16))) + REVERSE_6;
}

/** The address that a reverse name is about; undefined for any other name. */
export function reversedIp(key: string): string | undefined {
  const ip = key.endsWith(REVERSE_4) ? reversedIpv4(key) : reversedIpv6(key);
  // The ends of other labels may stand inside a long one: only what comes out the same was read.
  return ip !== undefined && reverseKey(ip) === key ? ip : undefined;
}

function reversedIpv4(key: string): string | undefined {
  const labels = keyLabels(key.slice(0, -REVERSE_4.length));
  const octets = ipv4Bytes(labels.reverse().join('.'));
  return octets === undefined ? undefined : formatIpv4(octets);
}

function reversedIpv6(key: string): string | undefined {
  if (!key.endsWith(REVERSE_6)) return undefined;
  const digits = keyLabels(key.slice(0, -REVERSE_6.length)).reverse();
  if (digits.length !== 32 || !digits.every((digit) => /^[0-9a-f]$/.test(digit))) return undefined;
  return formatIpv6(
    Uint8Array.from(digits.join('').match(/../g) ?? [], (two) => parseInt(two, 16)),
  );
}

/** The labels of a key. */
export function keyLabels(key: string): string[] {
  const labels: string[] = [];
  for (let at = 0; at < key.length; at += 1 + key.charCodeAt(at)) {
    labels.push(key.slice(at + 1, at + 1 + key.charCodeAt(at)));
  }
  return labels;
}

/** The key of a name with these labels, which are none too long. */
function labelsKey(labels: readonly string[]): string {
  return labels.map((label) => String.fromCharCode(label.length) + label).join('');
}
