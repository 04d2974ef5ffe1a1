/** The daemon's name server: what was set, what is usual, and what is passed over with a note. */

import { parseAddress, sameAddress, type Address } from '../base/address.ts';
import { assert } from '../base/assert.ts';
import { UserError } from '../base/errors.ts';
import type { NamesSource } from '../services/names/follow.ts';
import type { Names, NamesOptions } from '../services/names/service.ts';
import { DNS, DNS_LOST, DNS_UPSTREAM, DNS_ZONE, ownUpstream } from './dns-flags.ts';
import type { Log } from './output/log.ts';
import type { Settings } from './settings.ts';
import { V1_UNPROVEN } from './v1-flags.ts';

/** What the operator wishes; undefined: no names at all. `usual`: where to listen was not said. */
export type NamesWish = (NamesOptions & { readonly usual: boolean }) | undefined;

/** Where names are served when nothing is said: port 53 is root's, and often somebody's. */
const USUAL = '127.0.0.1:4153';

/** Reads the flags. Throws `UsageError`. */
export function namesWish(settings: Settings): NamesWish {
  const given = settings.get(DNS);
  const zone = settings.get(DNS_ZONE);
  const lostMs = settings.get(DNS_LOST);
  const upstream = settings.get(DNS_UPSTREAM);
  // Of flags given twice the last one counts; addresses add up.
  const listen = (given ?? [usualAddress()]).reduce<readonly Address[]>(
    (before, one) => (one === 'off' ? [] : [...before, one]),
    [],
  );
  if (listen.length === 0) return undefined;
  if (upstream !== undefined && listen.some((one) => sameAddress(one, upstream))) {
    throw ownUpstream(upstream);
  }
  return {
    listen,
    usual: given === undefined,
    unproven: settings.get(V1_UNPROVEN) ?? false,
    ...(zone === undefined ? {} : { zone }),
    ...(lostMs === undefined ? {} : { lostMs }),
    ...(upstream === undefined ? {} : { upstream }),
  };
}

/** Serves names as wished. When the usual place is taken there are none, and a note. */
export async function serveNames(
  source: NamesSource,
  wish: NamesWish,
  log: Log,
): Promise<Names | undefined> {
  if (wish === undefined) return undefined;
  const { startNames } = await import('../services/names/service.ts');
  try {
    const names = await startNames(source, wish);
    const { zone, listen } = names.status();
    const message = `names in ${zone} are served on ${listen.join(', ')}`;
    log.entry({ level: 'info', code: 'dns', message, fields: { zone, listen } });
    return names;
  } catch (error) {
    if (!wish.usual || !(error instanceof UserError)) throw error;
    const message = `no names are served: ${error.message} ${error.hint}`;
    log.entry({ level: 'info', code: error.code, message });
    return undefined;
  }
}

function usualAddress(): Address {
  const address = parseAddress(USUAL);
  assert(address !== undefined, 'the usual place is an address');
  return address;
}
