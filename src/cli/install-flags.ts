/** The flags of `dns install`, `dns uninstall` and `hosts`. */

import { RESOLVERS, type ResolverName } from '../services/names/install/plan.ts';
import { oneOf, switchFlag, valueFlag, type Flag } from './flag.ts';

/** Of `dns`. */
export const PRINT: Flag<boolean> = switchFlag(
  'print',
  'install, uninstall: show what would be done, and do nothing',
);
/** Of `dns`. */
export const RESOLVER: Flag<ResolverName> = valueFlag(
  'resolver',
  'NAME',
  `install, uninstall: which one, of ${RESOLVERS.join(', ')} (default: the one this machine asks)`,
  oneOf(...RESOLVERS),
);
/** Of `hosts`. */
export const WATCH: Flag<boolean> = switchFlag('watch', 'go on, and write it anew at each change');

/** All of them. */
export const INSTALL_FLAGS: readonly Flag<unknown>[] = [PRINT, RESOLVER, WATCH];
