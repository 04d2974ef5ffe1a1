/** Numbers and octets of resource records (RFC 1035 §3.2, and the RFC named beside each). */

import { ipv4Bytes, ipv6Bytes } from '../../base/ip.ts';
import { keyOctets, nameKey } from './labels.ts';

/** Types that are answered or told apart, by name. */
export const TYPE = {
  A: 1,
  NS: 2,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  TXT: 16,
  /** RFC 3596. */
  AAAA: 28,
  /** RFC 2782. */
  SRV: 33,
  /** RFC 9460; browsers ask for it. */
  HTTPS: 65,
  /** RFC 6891. */
  OPT: 41,
  /** RFC 2930. */
  TKEY: 249,
  /** RFC 8945. */
  TSIG: 250,
  /** RFC 1995. */
  IXFR: 251,
  /** RFC 5936. */
  AXFR: 252,
  ANY: 255,
} as const;

/** How a query went (RFC 1035 §4.1.1). */
export const RCODE = {
  ok: 0,
  formErr: 1,
  servFail: 2,
  nxDomain: 3,
  notImp: 4,
  refused: 5,
} as const;

/** The Internet. */
export const CLASS_IN = 1;

/** Seconds that any record may be kept: a member's address may be another one any moment. */
export const TTL_S = 1;

/** Types a record of the zone can have. */
export type RecordType = 'A' | 'AAAA' | 'TXT' | 'PTR' | 'SOA' | 'NS' | 'HINFO';

/** A record's data by its type. */
export type RecordData =
  | { readonly type: 'A' | 'AAAA'; readonly ip: string }
  | { readonly type: 'TXT'; readonly texts: readonly string[] }
  | { readonly type: 'PTR' | 'NS'; readonly name: string }
  | { readonly type: 'HINFO'; readonly cpu: string; readonly os: string }
  | {
      readonly type: 'SOA';
      readonly primary: string;
      readonly mailbox: string;
      readonly serial: number;
    };

/** Seconds between a secondary's looks, between retries, and until it gives up; there is none. */
const SOA_TIMES = [3600, 600, 86_400] as const;

/** Octets of one string of a TXT or HINFO record (RFC 1035 §3.3). */
const STRING_MAX = 255;

/** What stands for the name asked for: a pointer to where the question begins (§4.1.4). */
const ASKED = Uint8Array.of(0xc0, 12);

/** A record on the wire; `owner` is the key of its name, or undefined for the name asked for. */
export function recordOctets(data: RecordData, owner?: string): Uint8Array {
  const name = owner === undefined ? ASKED : keyOctets(owner);
  const content = dataOctets(data);
  const octets = new Uint8Array(name.length + 10 + content.length);
  octets.set(name);
  // Octet by octet: a view would move the few octets of most records out of V8's own heap.
  const fixed = [TYPE[data.type], CLASS_IN, TTL_S >>> 16, TTL_S & 0xffff, content.length];
  fixed.forEach((number, index) => {
    octets[name.length + 2 * index] = number >> 8;
    octets[name.length + 2 * index + 1] = number & 0xff;
  });
  octets.set(content, name.length + 10);
  return octets;
}

/** A record's data as zone files write it (RFC 1035 §5.1). */
export function dataText(data: RecordData): string {
  switch (data.type) {
    case 'A':
    case 'AAAA':
      return data.ip;
    case 'TXT':
      return data.texts.map(quoted).join(' ');
    case 'PTR':
    case 'NS':
      return `${data.name}.`;
    case 'HINFO':
      return `${quoted(data.cpu)} ${quoted(data.os)}`;
    case 'SOA':
      return [
        ...[`${data.primary}.`, `${data.mailbox}.`, String(data.serial)],
        ...SOA_TIMES.map(String),
        String(TTL_S),
      ].join(' ');
  }
}

function dataOctets(data: RecordData): Uint8Array {
  switch (data.type) {
    case 'A':
      return ipv4Bytes(data.ip) ?? new Uint8Array(4);
    case 'AAAA':
      return ipv6Bytes(data.ip) ?? new Uint8Array(16);
    case 'TXT':
      return Buffer.concat(data.texts.map(characterString));
    case 'PTR':
    case 'NS':
      return nameOctets(data.name);
    case 'HINFO':
      return Buffer.concat([characterString(data.cpu), characterString(data.os)]);
    case 'SOA': {
      const numbers = Buffer.alloc(20);
      [data.serial, ...SOA_TIMES, TTL_S].forEach((number, index) => {
        numbers.writeUInt32BE(number >>> 0, 4 * index);
      });
      return Buffer.concat([nameOctets(data.primary), nameOctets(data.mailbox), numbers]);
    }
  }
}

/** A name that does not fit would be the root; the zone leaves such names out. */
function nameOctets(name: string): Uint8Array {
  return keyOctets(nameKey(name) ?? '');
}

/** A length and so many octets; what is above the bound is cut (RFC 1035 §3.3). */
function characterString(text: string): Uint8Array {
  const octets = Buffer.from(text, 'utf8').subarray(0, STRING_MAX);
  return Buffer.concat([Uint8Array.of(octets.length), octets]);
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
