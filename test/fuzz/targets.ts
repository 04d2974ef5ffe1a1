/** Everything that is fuzzed, by name. */
import type { Target } from './targets/target.ts';
import { admission } from './targets/admission.ts';
import { dns } from './targets/dns.ts';
import { hello, token } from './targets/door.ts';
import { api, config, state } from './targets/texts.ts';
import { ledger } from './targets/ledger.ts';
import { step } from './targets/step.ts';
import { typed } from './targets/typed.ts';
import { act, join, lan, message, packet, records } from './targets/wire.ts';

/** The decoders, and the whole machine. */
export const targets: readonly Target[] = [
  ...[packet, message, records, act, token, join, lan, hello],
  ...[ledger, admission, state, typed, config, api, dns, step],
];
