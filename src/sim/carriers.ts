/** What stands between a virtual machine and the world: links, and glasses that show it wrong. */

import type { Address } from '../base/address.ts';
import type { Bytes } from '../base/bytes.ts';
import type { LinkId } from '../core/io.ts';

/** What carries out a machine's effects on links. */
export interface LinkCarrier {
  admit(link: LinkId): void;
  send(link: LinkId, bytes: Bytes): void;
  close(link: LinkId): void;
}

/** Makes a machine see other addresses than there are; see {@link Liar}. */
export interface Disguise {
  shown(real: Address): Address;
  real(shown: Address): Address;
}
