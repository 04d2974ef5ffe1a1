/**
 * Since when a socket has exchanged datagrams with which addresses: a router may hold a flow for
 * each.
 */

import type { Address } from '../base/address.ts';
import { BoundedMap } from '../base/bounded.ts';
import type { Instant } from '../base/time.ts';

/** By IP address and then by port: asked at each datagram, for which no text is made. */
export class Flows {
  readonly #capacity: number;
  readonly #hosts: BoundedMap<string, { readonly port: number; readonly since: Instant }[]>;
  #size = 0;

  /** `capacity`: addresses told apart; later ones are not noted. */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#hosts = new BoundedMap(capacity, { evict: 'refuse' });
  }

  /** An address that is not known may have been exchanged datagrams with all the same. */
  get full(): boolean {
    return this.#size >= this.#capacity;
  }

  /** A datagram came from there or went there; the first one counts. */
  note({ ip, port }: Address, now: Instant): void {
    const flows = this.#hosts.get(ip);
    if (this.full || flows?.some((flow) => flow.port === port) === true) return;
    this.#size += 1;
    const flow = { port, since: now };
    if (flows === undefined) this.#hosts.set(ip, [flow]);
    else flows.push(flow);
  }

  /** Undefined for an address that was not noted. */
  since({ ip, port }: Address): Instant | undefined {
    return this.#hosts.get(ip)?.find((flow) => flow.port === port)?.since;
  }
}
