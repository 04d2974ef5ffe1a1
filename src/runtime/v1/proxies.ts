/**
 * Where a request really came from. A header about it is believed only of proxies that the operator
 * named: anybody else could write it, and would choose the address to be called back at.
 */

import { address, parseAddress, parseIp, type Address } from '../../base/address.ts';

/** Hops looked at; more than this no chain of proxies has. */
const HOPS_MAX = 32;

/** The two headers, their lines joined with commas; undefined: not there. */
export interface ForwardHeaders {
  /** RFC 7239. */
  readonly forwarded: string | undefined;
  readonly xForwardedFor: string | undefined;
}

/**
 * The source of a request that came over a connection from `peer`: `peer` itself unless that is a
 * trusted proxy, else the nearest hop that is none. Undefined: a trusted proxy's headers do not
 * say, or the two of them disagree (a proxy writes one of them; the other is then the client's).
 */
export function sourceOf(
  peer: Address,
  headers: ForwardHeaders,
  trusted: ReadonlySet<string>,
): Address | undefined {
  if (!trusted.has(peer.ip)) return peer;
  const { forwarded, xForwardedFor } = headers;
  const chains = [
    forwarded === undefined ? undefined : forwardedHops(forwarded),
    xForwardedFor === undefined ? undefined : xForwardedFor.split(',').slice(-HOPS_MAX),
  ].filter((chain) => chain !== undefined);
  const [first, second] = chains.map((chain) => nearest(chain, trusted));
  if (chains.length === 0) return peer;
  if (chains.length === 2 && first?.ip !== second?.ip) return undefined;
  return first;
}

/** The last hop that is no trusted proxy; the first when all are. */
function nearest(hops: readonly string[], trusted: ReadonlySet<string>): Address | undefined {
  let found: Address | undefined;
  for (const hop of [...hops].reverse()) {
    found = hopAddress(hop.trim());
    if (found === undefined || !trusted.has(found.ip)) return found;
  }
  return found;
}

/** An IP address with or without a port (then 0) and brackets. */
function hopAddress(text: string): Address | undefined {
  const whole = parseAddress(text);
  if (whole !== undefined) return whole;
  const ip = parseIp(text.replace(/^\[(.*)\]$/, '$1'))?.ip;
  return ip === undefined ? undefined : address(ip, 0);
}

/** The `for=` of each element of a `Forwarded` header (RFC 7239 §4), empty where there is none. */
function forwardedHops(header: string): readonly string[] {
  return header
    .split(',')
    .slice(-HOPS_MAX)
    .map((element) => {
      const [, quoted, token] = /(?:^|;)\s*for=(?:"([^"]*)"|([^;\s]*))/i.exec(element) ?? [];
      return quoted ?? token ?? '';
    });
}
