/** What `up` was told about nodes of protocol 1. */

import type { V1Options } from '../runtime/v1/options.ts';
import type { Settings } from './settings.ts';
import { peersFrom } from './v1-config.ts';
import * as flags from './v1-flags.ts';

/**
 * The options set, and the peers that stand in the config; the runtime knows the defaults and
 * judges the values.
 */
export async function v1Wish(settings: Settings): Promise<V1Options | 'off'> {
  const listen = settings.get(flags.V1);
  if (listen === 'off') return 'off';
  const wished: { -readonly [K in keyof V1Options]: V1Options[K] | undefined } = {
    listen,
    path: settings.get(flags.V1_PATH),
    intervalMs: settings.get(flags.V1_INTERVAL),
    https: settings.get(flags.V1_HTTPS),
    certFile: settings.get(flags.V1_CERT),
    keyFile: settings.get(flags.V1_KEY),
    visible: settings.get(flags.V1_VISIBLE),
    trustedProxies: settings.get(flags.V1_TRUST_PROXY),
    unproven: settings.get(flags.V1_UNPROVEN),
    peers: await peersFrom(settings),
  };
  const set = Object.entries(wished).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set);
}
