/** What the demo and its daemons say to each other. Nothing of it reaches a node's machine. */

import type { MembersDocument } from '../../core/view.ts';
import type { EventDocument } from '../../services/api/event-document.ts';
import type { Problem } from '../../services/api/answers.ts';

/** A place on loopback. */
export interface Spot {
  readonly ip: string;
  readonly port: number;
}

/** How a daemon of the demo is started. */
export interface StartOptions {
  readonly state: string;
  readonly name: string;
  readonly cluster: string;
  readonly at: Spot;
  readonly token: string | undefined;
}

/** From the demo to a daemon. Each but the last is answered once. */
export type ToDaemon =
  | { readonly type: 'start'; readonly options: StartOptions }
  | { readonly type: 'invite'; readonly at: Spot }
  /** `release`: another node takes the vacated spot; otherwise it stays bound and silent. */
  | { readonly type: 'move'; readonly to: Spot; readonly release: boolean }
  | { readonly type: 'stop' };

/** A node's view of the cluster at a moment of the wall clock, the same for all daemons. */
export interface Sight {
  readonly takenMs: number;
  readonly document: MembersDocument;
  /** What the node's machine was given since its last move, by type of input. */
  readonly inputs: Readonly<Record<string, number>>;
}

/** From a daemon to the demo; times are of the wall clock, in milliseconds. */
export type FromDaemon =
  | { readonly type: 'started' }
  | { readonly type: 'invited'; readonly token: string }
  /** Deaf from `fromMs` on, at its new spot since `toMs`. */
  | { readonly type: 'moved'; readonly fromMs: number; readonly toMs: number }
  | { readonly type: 'failed'; readonly problem: Problem }
  | { readonly type: 'event'; readonly event: EventDocument; readonly atMs: number }
  | { readonly type: 'sight'; readonly sight: Sight };
