/**
 * What an operator asks of a running node, and what it answers. Reading is done through the view.
 */

import type { Address } from '../base/address.ts';
import type { NodeId } from '../base/id.ts';
import { seconds, type Duration } from '../base/time.ts';
import type { PathKind } from './view.ts';

/** A change of a tag; without a value the tag is taken off. */
export interface TagChange {
  readonly key: string;
  readonly value: string | undefined;
}

/** The shortest life of an invite: a token carries whole seconds. */
export const INVITE_EXPIRY_MIN: Duration = seconds(1);

/** An operator's wish. */
export type Command =
  | {
      readonly type: 'invite';
      /** `HOST:PORT` as typed; empty: the node's own voted addresses. */
      readonly at: readonly string[];
      readonly uses: number;
      readonly expires: Duration;
    }
  | { readonly type: 'hint'; readonly member: NodeId; readonly address: Address }
  | { readonly type: 'tag'; readonly changes: readonly TagChange[] }
  | { readonly type: 'ping'; readonly member: NodeId }
  /** Signs this node's leave, tells everyone; answered when it is on disk and was sent. */
  | { readonly type: 'leave' };

/** What a command came to. A refusal is a value with a code, a message and a hint. */
export type Reply =
  | { readonly type: 'invited'; readonly token: string; readonly at: readonly string[] }
  | {
      readonly type: 'pong';
      readonly address: Address;
      readonly path: PathKind;
      readonly roundTrip: Duration;
    }
  | { readonly type: 'no-answer'; readonly tried: number }
  | { readonly type: 'done' }
  | {
      readonly type: 'refused';
      readonly code: string;
      readonly message: string;
      readonly hint: string;
    };
