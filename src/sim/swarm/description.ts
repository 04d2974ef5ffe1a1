/**
 * A world as plain data: who is there, what the network is like, and what happens when. Drawn from
 * a seed, written to a file, cut down by the shrinker, told as a story: always this one form.
 */

import type { Fault, Span } from '../faults.ts';
import type { Weather } from '../network.ts';

/**
 * How a node is connected. `none`: it holds its address. `home`: a Linux router that forwards the
 * port and keeps stale flows. `cone`: one that forwards nothing; mapping and filtering do not hang
 * on the remote (RFC 4787 §4.1, §5).
 */
export type RouterKind = 'none' | 'home' | 'cone';

/**
 * What a node is. `member` from the start; `latecomer`: it joins when a happening says so; `liar`:
 * an honest machine that sees others where they are not; `rogue`: real keys, and a script in the
 * machine's place. Beliefs of the last two are nobody's concern.
 */
export type NodeRole = 'member' | 'latecomer' | 'liar' | 'rogue';

/** One node of a world. */
export interface NodeDescription {
  readonly role: NodeRole;
  readonly router: RouterKind;
  /** Both its clocks gain by so many parts in a million. */
  readonly driftPpm: number;
  readonly wallOffsetMs: number;
  /** Number of the one network (/24) its addresses come from; null: any. */
  readonly isp: number | null;
}

/** What a rogue does with its keys; each is one way to break one rule. See attacks.ts. */
export type AttackName =
  | 'forge-record'
  | 'old-record'
  | 'claim-victim'
  | 'claim-many'
  | 'lucky-pong'
  | 'any-pong'
  | 'false-reflection'
  | 'new-reflections'
  | 'seek-flood'
  | 'introduce-flood'
  | 'sought-flood'
  | 'want-flood'
  | 'digest-flood'
  | 'sequence-flood'
  | 'hello-flood'
  | 'source-flood'
  | 'fork'
  | 'false-acts'
  | 'mute'
  | 'leave-and-stay';

/** What strangers, members and operators do besides what merely breaks. */
export type Incident = Span &
  (
    | { readonly type: 'attack'; readonly node: number; readonly attack: AttackName }
    /** A processor that is busy with other things every other moment. */
    | { readonly type: 'slow'; readonly node: number }
    /** At the end the machine is what it was at the beginning, its memory and its disk. */
    | { readonly type: 'snapshot'; readonly node: number }
    /** Power fails at the end; it comes back with the disk of the beginning. */
    | { readonly type: 'restore'; readonly node: number }
    | { readonly type: 'join'; readonly node: number; readonly by: number }
    | { readonly type: 'leave'; readonly node: number }
    /** A stranger that got hold of a spent token tries to join with it. */
    | { readonly type: 'thief'; readonly by: number }
    /** Who holds a live token opens a hundred connections and says nothing on them. */
    | { readonly type: 'crowd'; readonly by: number }
    /** A stranger gets the address that a node leaves, and makes noise from there. */
    | { readonly type: 'heir'; readonly node: number }
    | { readonly type: 'scan' }
    | { readonly type: 'replay' }
    /** Passes on one recorded hello again and again. */
    | { readonly type: 'hello-replay' }
    /** Somebody passes on what `node` sends to `by`, faster than it goes by itself. */
    | { readonly type: 'forward'; readonly node: number; readonly by: number }
  );

/** One entry of a world's calendar. */
export type Happening = Fault | Incident;

/** What kinds of happening there are. */
export type HappeningType = Happening['type'];

/**
 * A whole world. Node 0 is an honest member that never moves (DESIGN R5) and is never rolled back.
 */
export interface WorldDescription {
  /** Of all draws that the description leaves open: latencies, jitter, keys. */
  readonly seed: number;
  readonly nodes: readonly NodeDescription[];
  /** While nothing is wrong with it. */
  readonly weather: Weather;
  /** Chaos ends after this; then calm, in which convergence must come. */
  readonly chaosMs: number;
  /** In the order of their times. */
  readonly happenings: readonly Happening[];
}

/** The nodes that a happening is about; cutting a node out of a world drops these. */
export function nodesOf(happening: Happening): readonly number[] {
  if ('nodes' in happening) return happening.nodes;
  if ('node' in happening && 'by' in happening) return [happening.node, happening.by];
  if ('by' in happening) return [happening.by];
  return 'node' in happening ? [happening.node] : [];
}
