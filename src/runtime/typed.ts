/**
 * Addresses that a human typed, in a token or a hint. The only place where a host name is looked
 * up, and by the operating system alone (R2).
 */

import { lookup } from 'node:dns/promises';
import { address, hasZone, parseAddress, usable, type Address } from '../base/address.ts';
import { UserError } from '../base/errors.ts';
import { systemCode } from './disk.ts';

/** Addresses of one host name that are looked at. */
const RESULTS_MAX = 8;

const HOST_PORT = /^([a-z0-9._-]+):([1-9][0-9]{0,4})$/i;

/**
 * All addresses behind a typed `HOST:PORT`, in the order the system gives them, at least one.
 * Throws `UserError` address-not-an-address, address-zone or address-unresolved.
 */
export async function typedAddresses(text: string): Promise<readonly Address[]> {
  const literal = parseAddress(text);
  if (literal !== undefined && usable(literal)) return [literal];
  if (hasZone(text)) {
    throw new UserError(
      'address-zone',
      `${text} has a zone ID, which means something on one machine only.`,
      'Give an address without `%`, such as one that `flotilla status` shows.',
    );
  }
  const [, host = '', portText = ''] = HOST_PORT.exec(text) ?? [];
  const port = Number(portText);
  // A name of digits and dots would be a misspelt IPv4 address; resolvers disagree about those.
  if (literal !== undefined || host === '' || port > 65_535 || /^[0-9.]+$/.test(host)) {
    throw new UserError(
      'address-not-an-address',
      `${JSON.stringify(text)} is not HOST:PORT.`,
      'Write it as 192.0.2.7:4117, [2001:db8::7]:4117 or attic.example:4117.',
    );
  }
  return resolveName(text, host, port);
}

async function resolveName(text: string, host: string, port: number): Promise<readonly Address[]> {
  let why = 'it has no usable address';
  try {
    const results = await lookup(host, { all: true, order: 'verbatim' });
    const found = results
      .map((result) => address(result.address, port))
      .filter((one) => one !== undefined)
      .filter(usable);
    if (found.length > 0) return found.slice(0, RESULTS_MAX);
  } catch (error) {
    why = systemCode(error) === 'ENOTFOUND' ? 'no such name' : String(error);
  }
  throw new UserError(
    'address-unresolved',
    `This machine can't look up ${text}: ${why}.`,
    'Check the name, or give the IP address.',
  );
}
