/** The machine under test as the simulator sees it: a Node, or what a test puts in its place. */

import type { Bytes } from '../base/bytes.ts';
import type { NodeId } from '../base/id.ts';
import type { Instant } from '../base/time.ts';
import type { DocumentName, StoredBook, StoredCluster } from '../core/documents.ts';
import type { Input, Machine, Moment, SocketId } from '../core/io.ts';
import type { Glance } from '../core/node.ts';
import type { MembersDocument } from '../core/view.ts';

/** A machine that shows its view, which is what the checkers look at. `Node` is one. */
export interface Subject extends Machine {
  readonly id: NodeId;
  members(now: Instant): MembersDocument;
  /** What large simulations look at and keep instead, see `Node`; a toy has none of it. */
  readonly glance?: Glance;
  sequenceOf?(id: NodeId): number;
  storedBook?(): StoredBook;
  storedCluster?(): StoredCluster;
}

/** What a machine wakes up with: its files, as JSON values, and a seed that is new each time. */
export interface Birth {
  readonly cluster: unknown;
  readonly book: unknown;
  readonly seed: Bytes;
}

/** Makes the machine of one node from what its disk holds. */
export type Boot = (birth: Birth) => Subject;

/** What one step was given; replayed in order it makes the same machine again. */
export interface Step {
  readonly moment: Moment;
  readonly input: Input;
}

/** A machine frozen in its tracks with its disk; see {@link VirtualHost.snapshot}. */
export interface Snapshot {
  readonly birth: Birth;
  readonly steps: readonly Step[];
  readonly files: ReadonlyMap<DocumentName, string>;
  readonly sockets: ReadonlyMap<SocketId, number>;
  readonly monotonic: Instant;
  readonly wakeAt: Instant | undefined;
}
