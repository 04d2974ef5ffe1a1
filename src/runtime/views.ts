/** What a node shows of itself: the machine's views, with what the sockets counted. */

import type { NodeId } from '../base/id.ts';
import type { Node } from '../core/node.ts';
import type { MembersDocument, StatusDocument } from '../core/view.ts';
import { systemClock } from './clock.ts';
import type { Ports } from './ports.ts';

/** The views of a node as of now, whichever life it is in. */
export class Views {
  readonly #node: () => Node;
  readonly #ports: Ports;

  constructor(node: () => Node, ports: Ports) {
    this.#node = node;
    this.#ports = ports;
  }

  /** This node's name. */
  get name(): string {
    return this.#node().name;
  }

  /** The UDP and TCP port. */
  get port(): number {
    return this.#ports.port;
  }

  /** The members of the cluster, or some of them. */
  members(of?: readonly string[]): MembersDocument {
    // Of those that are no IDs there is nothing to see.
    return this.#node().members(systemClock.now(), of as readonly NodeId[] | undefined);
  }

  /** All that ever were members. */
  ids(): readonly NodeId[] {
    return this.#node().ids;
  }

  /** This node. */
  status(): StatusDocument {
    const status = this.#node().status(systemClock.now(), systemClock.wall());
    const { udp, group } = this.#ports;
    return { ...status, counters: { ...status.counters, ...udp.counters, ...group.counters } };
  }
}
