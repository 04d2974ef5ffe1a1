/**
 * Addresses as values with one spelling each: parsing, printing, comparing, and what range they
 * are of.
 */

import { assert } from './assert.ts';
import type { Bytes } from './bytes.ts';
import { formatIpv4, formatIpv6, ipv4Bytes, ipv6Bytes, mappedIpv4 } from './ip.ts';

/**
 * Where a node can be reached: an IP address in its one canonical text, and a port 0–65535. IPv4 is
 * a dotted quad, IPv6 as RFC 5952 writes it; an IPv4-mapped IPv6 address is always given as IPv4,
 * or one node would seem to have two addresses. Made only by this file.
 */
export interface Address {
  readonly family: 4 | 6;
  readonly ip: string;
  readonly port: number;
}

/** The text of an address, as a key of maps. */
export type AddressKey = string & { readonly __key: 'address' };

/** Who can possibly reach an address. `private` includes carrier NAT (RFC 6598). */
export type Scope = 'public' | 'private' | 'loopback' | 'link-local';

/** `[` 45 characters `]:65535` is the longest there is. */
const MAX_TEXT = 53;

/** Reads `a.b.c.d:port` or `[v6]:port`; undefined for names, zone IDs and short forms. */
export function parseAddress(text: string): Address | undefined {
  if (text.length > MAX_TEXT) return undefined;
  const colon = text.lastIndexOf(':');
  const port = parsePort(text.slice(colon + 1));
  if (colon < 0 || port === undefined) return undefined;
  if (!text.startsWith('[')) return fromIpv4(ipv4Bytes(text.slice(0, colon)), port);
  if (text[colon - 1] !== ']') return undefined;
  return fromIpv6(ipv6Bytes(text.slice(1, colon - 1)), port);
}

/** The family and canonical text of an IP address alone; undefined for anything else. */
export function parseIp(text: string): { readonly family: 4 | 6; readonly ip: string } | undefined {
  const parsed = address(text, 0);
  return parsed === undefined ? undefined : { family: parsed.family, ip: parsed.ip };
}

/**
 * True when the text is an IPv6 address with a zone ID (RFC 4007 §11), with or without brackets and
 * port. A zone means something on one machine only, so no other may ever be told; this tells the
 * operator's mistake apart from mere garbage.
 */
export function hasZone(text: string): boolean {
  const percent = text.indexOf('%');
  if (percent < 0) return false;
  const start = text.startsWith('[') ? 1 : 0;
  return ipv6Bytes(text.slice(start, percent)) !== undefined;
}

/** The address made of an IP text and a port; undefined when either is none. */
export function address(ip: string, port: number): Address | undefined {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) return undefined;
  return ip.includes(':') ? fromIpv6(ipv6Bytes(ip), port) : fromIpv4(ipv4Bytes(ip), port);
}

/** The text that {@link parseAddress} reads. */
export function formatAddress(a: Address): string {
  return a.family === 4 ? `${a.ip}:${String(a.port)}` : `[${a.ip}]:${String(a.port)}`;
}

/** Same IP address and same port. */
export function sameAddress(a: Address, b: Address): boolean {
  return a.port === b.port && a.ip === b.ip;
}

/** Same IP address, whatever the ports. */
export function sameHost(a: Address, b: Address): boolean {
  return a.ip === b.ip;
}

/** Two addresses have the same key if and only if they are the same. */
export function addressKey(a: Address): AddressKey {
  return formatAddress(a) as AddressKey;
}

/** The four or sixteen octets of the IP address. */
export function ipBytes(a: Address): Bytes {
  const bytes = a.family === 4 ? ipv4Bytes(a.ip) : ipv6Bytes(a.ip);
  assert(bytes !== undefined, 'an address was not made by its parser');
  return bytes;
}

/**
 * The address with these octets; undefined when their number does not fit the family or the port
 * is none, and for IPv4-mapped octets under family 6: on the wire one address has one form.
 */
export function addressFromBytes(family: 4 | 6, ip: Bytes, port: number): Address | undefined {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) return undefined;
  if (family === 4) return ip.length === 4 ? fromIpv4(ip, port) : undefined;
  if (ip.length !== 16 || mappedIpv4(ip) !== undefined) return undefined;
  return fromIpv6(ip, port);
}

/** How far an address carries, by the ranges of the RFCs named beside each line. */
export function scopeOf(a: Address): Scope {
  const [first = 0, second = 0] = ipBytes(a);
  if (a.family === 6) {
    if (a.ip === '::1') return 'loopback'; // RFC 4291 §2.5.3
    if (first === 0xfe && (second & 0xc0) === 0x80) return 'link-local'; // RFC 4291 §2.5.6
    return (first & 0xfe) === 0xfc ? 'private' : 'public'; // RFC 4193 §3.1
  }
  if (first === 127) return 'loopback'; // RFC 1122 §3.2.1.3
  if (first === 169 && second === 254) return 'link-local'; // RFC 3927 §2.1
  const carrier = first === 100 && (second & 0xc0) === 64; // RFC 6598 §7
  // RFC 1918 §3
  const home =
    first === 10 || (first === 172 && (second & 0xf0) === 16) || (first === 192 && second === 168);
  return carrier || home ? 'private' : 'public';
}

/**
 * The network an address most likely shares with its neighbours, as text: /24 for IPv4, /48 for
 * IPv6 (what one site is given, RFC 6177). Votes from one network count once.
 */
export function networkOf(a: Address): string {
  const bytes = ipBytes(a);
  if (a.family === 4) return `${formatIpv4(bytes.fill(0, 3))}/24`;
  return `${formatIpv6(bytes.fill(0, 6))}/48`;
}

/**
 * True when a datagram may be sent there: port 1–65535, and neither "this network" (0/8, `::`),
 * nor multicast, nor the limited broadcast address (RFC 1122 §3.2.1.3, RFC 4291 §2.5.2, §2.7).
 */
export function usable(a: Address): boolean {
  if (a.port < 1) return false;
  const [first = 0] = ipBytes(a);
  if (a.family === 6) return a.ip !== '::' && first !== 0xff;
  return first !== 0 && (first & 0xf0) !== 0xe0 && a.ip !== '255.255.255.255';
}

function fromIpv4(bytes: Bytes | undefined, port: number): Address | undefined {
  return bytes === undefined ? undefined : { family: 4, ip: formatIpv4(bytes), port };
}

function fromIpv6(bytes: Bytes | undefined, port: number): Address | undefined {
  if (bytes === undefined) return undefined;
  const mapped = mappedIpv4(bytes);
  return mapped === undefined
    ? { family: 6, ip: formatIpv6(bytes), port }
    : { family: 4, ip: formatIpv4(mapped), port };
}

/** A decimal port 0–65535 without sign, space or leading zero. */
function parsePort(text: string): number | undefined {
  if (!/^(?:0|[1-9][0-9]{0,4})$/.test(text)) return undefined;
  const port = Number(text);
  return port <= 65_535 ? port : undefined;
}
