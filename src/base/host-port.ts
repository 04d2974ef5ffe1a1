/**
 * `HOST:PORT` as a human types it: the address or host name meant, or exactly what is wrong with
 * it.
 */

import { address, usable, type Address } from './address.ts';
import { ipv6Bytes } from './ip.ts';

/** How an address is written, for those who wrote it another way. */
export const HOST_PORT_HINT: string =
  'Write it as 192.0.2.7:4117, [2001:db8::7]:4117 or attic.example:4117.';

interface Wrong {
  readonly type: 'wrong';
  readonly zone: boolean;
  readonly quote: string;
  readonly why: string;
}

/**
 * What a text means. `wrong`: no node can be there; `quote` is the beginning of the text in quotes,
 * `why` the rest of a sentence, and `zone` tells the one mistake that has an error code of its own.
 */
export type HostPort =
  | { readonly type: 'address'; readonly address: Address }
  | { readonly type: 'name'; readonly host: string; readonly port: number }
  | Wrong;

/** A host name has at most 253 characters, a label 63 (RFC 1035 §2.3.4 in text form). */
const NAME_MAX = 253;
const LABEL_MAX = 63;
/** More of a text than this is not quoted back. */
const QUOTE_MAX = 80;

/**
 * Reads `HOST:PORT`, the host an IPv4 address, an IPv6 address in brackets or a host name, whose
 * look-up is left to others. Whatever is no place to send to is `wrong`.
 */
export function readHostPort(text: string): HostPort {
  const url = /^[a-z]+:\/\//i.exec(text)?.[0];
  if (text === '') return wrong(text, 'it is empty');
  if (url !== undefined) return wrong(text, `a host and a port are enough, without ${url}`);
  if (/\s/.test(text)) return wrong(text, 'there is white space in it');
  const zone = zoneOf(text);
  if (zone !== undefined) {
    const why = `its zone ID (${zone}) means something on one machine only`;
    return { ...wrong(text, why), zone: true };
  }
  // Without brackets nobody can tell the last group from a port.
  if (text.split(':').length > 2 && !text.startsWith('[')) return unbracketed(text);
  return parted(text);
}

function parted(text: string): HostPort {
  const colon = text.startsWith('[') ? text.indexOf(']:') + 1 : text.lastIndexOf(':');
  if (colon <= 0) return wrong(text, text.startsWith(':') ? 'it has no host' : 'it has no port');
  const host = text.slice(0, colon);
  const portText = text.slice(colon + 1);
  const noPort = portFault(portText);
  if (noPort !== undefined) return wrong(text, noPort);
  const port = Number(portText);
  return host.startsWith('[') ? bracketed(text, host, port) : named(text, host, port);
}

function portFault(text: string): string | undefined {
  if (text === '') return 'it has no port';
  if (!/^[0-9]+$/.test(text)) return `${clipped(text)} is no port, which is a number`;
  if (/^0+$/.test(text)) return 'nothing can be reached at port 0';
  if (text.startsWith('0')) return `its port begins with a zero (${clipped(text)})`;
  return Number(text) > 65_535 ? `its port is above 65535 (${clipped(text)})` : undefined;
}

function bracketed(text: string, host: string, port: number): HostPort {
  const inside = host.slice(1, -1);
  if (!inside.includes(':')) return wrong(text, 'only an IPv6 address stands in brackets');
  const read = address(inside, port);
  return read === undefined
    ? wrong(text, `${clipped(inside)} is no IPv6 address`)
    : judged(text, read);
}

function named(text: string, host: string, port: number): HostPort {
  const read = address(host, port);
  if (read !== undefined) return judged(text, read);
  // No top-level domain is a number (RFC 3696 §2), but `10.1` and `0x7f.1` are IPv4 to some.
  const last = host.replace(/\.$/, '').split('.').at(-1) ?? '';
  if (/^(?:[0-9]+|0x[0-9a-f]*)$/i.test(last)) return wrong(text, quadFault(host));
  const labels = host.replace(/\.$/, '').split('.');
  const fits = labels.every((label) => label !== '' && label.length <= LABEL_MAX);
  if (!/^[a-z0-9._-]+$/i.test(host) || host.length > NAME_MAX || !fits) {
    return wrong(text, `${clipped(host)} is no host name and no IP address`);
  }
  return { type: 'name', host, port };
}

/** What is wrong with a text that looks like an IPv4 address and is none. */
function quadFault(host: string): string {
  const parts = host.split('.');
  const like = `${clipped(host)} looks like an IPv4 address, but`;
  const large = parts.find((part) => /^[0-9]+$/.test(part) && Number(part) > 255);
  if (large !== undefined) return `${like} ${clipped(large)} is above 255`;
  const padded = parts.find((part) => /^0[0-9]+$/.test(part));
  if (padded !== undefined) return `${like} ${clipped(padded)} begins with a zero`;
  if (parts.every((part) => /^[0-9]+$/.test(part)) && parts.length !== 4) {
    return `${like} that has four numbers, not ${String(parts.length)}`;
  }
  return `${like} is none`;
}

function judged(text: string, read: Address): HostPort {
  if (usable(read)) return { type: 'address', address: read };
  const { family, ip } = read;
  if (ip === '255.255.255.255') return wrong(text, `${ip} stands for all machines of a network`);
  const multicast = family === 4 ? !ip.startsWith('0.') : ip !== '::';
  if (multicast) return wrong(text, `${ip} is a multicast address, which no machine has alone`);
  return wrong(text, `${ip} stands for no machine, or for every address of this one`);
}

function unbracketed(text: string): HostPort {
  if (ipv6Bytes(text) !== undefined) {
    return wrong(text, `an IPv6 address stands in brackets before its port, as [${text}]:4117`);
  }
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, colon);
  const port = text.slice(colon + 1);
  return ipv6Bytes(host) === undefined
    ? wrong(text, 'there is more than one colon in it')
    : wrong(text, `an IPv6 address stands in brackets, as [${host}]:${portOr(port, 'PORT')}`);
}

function portOr(text: string, otherwise: string): string {
  return portFault(text) === undefined ? text : otherwise;
}

/** The zone ID of an IPv6 address (RFC 4007 §11), with its `%`. */
function zoneOf(text: string): string | undefined {
  const [, ip = '', zone] = /^\[?([0-9a-f:.]+)(%[^\]]*)/i.exec(text) ?? [];
  return ipv6Bytes(ip) === undefined || zone === undefined ? undefined : clipped(zone);
}

function wrong(text: string, why: string): Wrong {
  return { type: 'wrong', zone: false, quote: JSON.stringify(clipped(text)), why };
}

function clipped(text: string): string {
  return text.length > QUOTE_MAX ? `${text.slice(0, QUOTE_MAX)}…` : text;
}
