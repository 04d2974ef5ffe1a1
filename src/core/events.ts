/** What a node tells those who watch it. Each is one line of `watch --json`. */

import type { Address } from '../base/address.ts';
import type { NodeId } from '../base/id.ts';
import type { Duration } from '../base/time.ts';

/** Why a round began (PROTOCOL §5). */
export type Doubt =
  'unanswered' | 'reflection' | 'send-error' | 'silence' | 'clock-jump' | 'start' | 'asked';

/** A thing worth telling. Names are as the node shows them at that time. */
export type NodeEvent =
  | { readonly type: 'started' }
  | { readonly type: 'member-joined'; readonly id: NodeId; readonly name: string }
  | { readonly type: 'member-left'; readonly id: NodeId; readonly name: string }
  | {
      readonly type: 'member-moved';
      readonly id: NodeId;
      readonly name: string;
      readonly from: Address | undefined;
      readonly to: Address;
    }
  | { readonly type: 'member-suspect'; readonly id: NodeId; readonly name: string }
  | { readonly type: 'member-lost'; readonly id: NodeId; readonly name: string }
  | {
      readonly type: 'member-found';
      readonly id: NodeId;
      readonly name: string;
      readonly address: Address;
      /** Since it was heard last; undefined when it answers for the first time since the start. */
      readonly after: Duration | undefined;
    }
  | { readonly type: 'doubt'; readonly why: Doubt; readonly asked: number }
  | {
      readonly type: 'self-moved';
      readonly from: Address | undefined;
      readonly to: Address;
      readonly votes: number;
      readonly voters: number;
    }
  | { readonly type: 'orphan'; readonly advice: string }
  | { readonly type: 'afloat' }
  | { readonly type: 'outvoted'; readonly id: NodeId; readonly name: string }
  /** Two machines hold this node's key (PROTOCOL §7). */
  | { readonly type: 'twin' }
  /** A member signed two acts of one number. */
  | { readonly type: 'fork'; readonly id: NodeId; readonly name: string }
  | { readonly type: 'invite-redeemed'; readonly id: NodeId; readonly name: string }
  | { readonly type: 'join-refused'; readonly reason: string; readonly name: string | undefined }
  | { readonly type: 'save-failed'; readonly reason: string };
