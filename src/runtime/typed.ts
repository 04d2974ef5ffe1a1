/**
 * Addresses that a human typed, in a token or a hint. The only place where a host name is looked
 * up, and by the operating system alone (R2).
 */

import { lookup } from 'node:dns/promises';
import { address, usable, type Address } from '../base/address.ts';
import { unreachable } from '../base/assert.ts';
import { UserError } from '../base/errors.ts';
import { HOST_PORT_HINT, readHostPort } from '../base/host-port.ts';
import { systemCode } from './disk.ts';

/** Addresses of one host name that are looked at. */
const RESULTS_MAX = 8;

/**
 * All addresses behind a typed `HOST:PORT`, in the order the system gives them, at least one.
 * Throws `UserError` address-not-an-address, address-zone or address-unresolved.
 */
export async function typedAddresses(text: string): Promise<readonly Address[]> {
  const read = readHostPort(text);
  switch (read.type) {
    case 'address':
      return [read.address];
    case 'name':
      return resolveName(text, read.host, read.port);
    case 'wrong': {
      const { zone, quote, why } = read;
      throw zone
        ? new UserError(
            'address-zone',
            `${quote} is no address of a node: ${why}.`,
            'Give an address without `%`, such as one that `flotilla status` shows.',
          )
        : new UserError(
            'address-not-an-address',
            `${quote} is no address of a node: ${why}.`,
            HOST_PORT_HINT,
          );
    }
    default:
      return unreachable(read);
  }
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
