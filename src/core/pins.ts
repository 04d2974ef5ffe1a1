/**
 * What removals pin of the chains of those they remove: which branch of a fork stays, whatever the
 * removed one signs later (PROTOCOL §7).
 */

import { BoundedMap } from '../base/bounded.ts';
import { compare, equal, toHex, type Bytes } from '../base/bytes.ts';
import type { NodeId } from '../base/id.ts';
import type { RemoveAct, SignedAct } from '../wire/act.ts';
import { ACTS_PER_AUTHOR_MAX } from './config.ts';

/** A removal that names an act of its target as the last valid one. */
interface Pin {
  readonly by: NodeId;
  readonly last: number;
  readonly lastHash: Bytes;
  /** Of the removal: of two that contradict each other the lower goes before. */
  readonly hash: Bytes;
}

/** One author's chain as it is held. */
type Chain = readonly SignedAct[];

/** Acts of branches not held that are remembered: one whole chain, some 3 MB. */
export const ASIDE_MAX: number = ACTS_PER_AUTHOR_MAX;

/**
 * Up to which number acts of the removed one stay valid: the pinned one's, if it is held at its
 * place, else 0. So long as the pinned act is not there nobody can tell which are its predecessors;
 * and who removes could have ended all of them anyway.
 */
export function validUpTo({ last, lastHash }: RemoveAct, chain: Chain): number {
  return holds(chain, { last, lastHash }) ? last : 0;
}

/**
 * The pins of one ledger. A fork below a pinned act is lost by the branch that does not lead to it.
 * A node that holds the other branch learns the pinned one act by act, in any order: they are set
 * aside until they reach from the pinned act down to one that is held.
 *
 * A pin counts only when its author is nearer the founder than its target. Else a branch could hold
 * the admission of who pins it, and what a node keeps would hang on what it heard first: this way
 * it hangs on chains nearer the founder alone.
 */
export class Pins {
  readonly #distance: (id: NodeId) => number;
  /** By target, the lowest hash first. As many as removals are kept. */
  readonly #pins = new Map<NodeId, readonly Pin[]>();
  /** Acts of branches that are not held, by hash in hexadecimal. */
  readonly #aside = new BoundedMap<string, SignedAct>(ASIDE_MAX, { evict: 'oldest' });
  /** Of each target: up to which number acts set aside follow one another from a held one on. */
  readonly #furthest = new Map<NodeId, number>();

  /** `distance`: how many admissions a node is away from the founder. */
  constructor(distance: (id: NodeId) => number) {
    this.#distance = distance;
  }

  /** An act is kept from now on. Only a removal of somebody else pins anything. */
  keep({ act, hash }: SignedAct): void {
    if (act.type !== 'remove' || act.id === act.author || act.last === 0) return;
    const { author: by, id, last, lastHash } = act;
    const pins = [...(this.#pins.get(id) ?? []), { by, last, lastHash, hash }];
    const sorted = pins.toSorted((a, b) => compare(a.hash, b.hash));
    this.#pins.set(id, sorted);
  }

  /** An act is kept no more. */
  letGo({ act, hash }: SignedAct): void {
    if (act.type !== 'remove') return;
    const rest = (this.#pins.get(act.id) ?? []).filter((pin) => !equal(pin.hash, hash));
    if (rest.length > 0) this.#pins.set(act.id, rest);
    else this.#pins.delete(act.id);
  }

  /** Whether an act of this number may give way: it neither is nor leads to a pinned one. */
  mayYield(author: NodeId, number: number, chain: Chain): boolean {
    return !this.#of(author).some((pin) => pin.last >= number && holds(chain, pin));
  }

  /** Whether an act of this number that is not held may lead to a pinned one that is not either. */
  mayLead(author: NodeId, number: number, chain: Chain): boolean {
    return this.#of(author).some((pin) => pin.last >= number && !holds(chain, pin));
  }

  /**
   * Remembers an act of a branch that is not held; `root`: the act before it is held. Its signature
   * must have been verified. Returns up to which number the branch is there, if that is known.
   */
  setAside(signed: SignedAct, root: boolean): number | undefined {
    const { author, number, previous } = signed.act;
    this.#aside.set(toHex(signed.hash), signed);
    const before = this.#furthest.get(author) ?? 0;
    const hangs = number <= before + 1 && this.#aside.has(toHex(previous));
    if (!root && !hangs) return undefined;
    const furthest = Math.max(number, before);
    this.#furthest.set(author, furthest);
    return furthest;
  }

  /**
   * The branch to hold instead of what is held from its first number on: it leads to a pinned act,
   * and no pin that goes before speaks for the acts it would replace.
   */
  branch(author: NodeId, chain: Chain): Chain | undefined {
    let guarded = 0;
    for (const pin of this.#of(author)) {
      if (holds(chain, pin)) {
        guarded = Math.max(guarded, pin.last);
        continue;
      }
      const branch = this.#walk(pin, chain);
      if (branch !== undefined && (branch[0]?.act.number ?? 0) > guarded) return branch;
    }
    return undefined;
  }

  /** Another branch is held: how far the acts set aside reach is to be learned anew. */
  replaced(author: NodeId): void {
    this.#furthest.delete(author);
  }

  /** From a pinned act down to the first whose predecessor is held; undefined: one is missing. */
  #walk(pin: Pin, chain: Chain): Chain | undefined {
    const branch: SignedAct[] = [];
    let hash = pin.lastHash;
    // The numbers fall by one with each step, so this ends.
    for (;;) {
      const signed = this.#aside.get(toHex(hash));
      if (signed?.act.number !== pin.last - branch.length) return undefined;
      // Nothing comes after a leave, whoever pins it.
      if (signed.act.type === 'leave' && branch.length > 0) return undefined;
      branch.push(signed);
      const { number, previous } = signed.act;
      if (number === 1) return branch.toReversed();
      const before = chain[number - 2];
      if (before !== undefined && equal(before.hash, previous)) {
        return before.act.type === 'leave' ? undefined : branch.toReversed();
      }
      hash = previous;
    }
  }

  #of(author: NodeId): readonly Pin[] {
    const pins = this.#pins.get(author);
    if (pins === undefined) return [];
    const distance = this.#distance(author);
    return pins.filter(({ by }) => this.#distance(by) < distance);
  }
}

function holds(chain: Chain, { last, lastHash }: Pick<Pin, 'last' | 'lastHash'>): boolean {
  const held = chain[last - 1];
  return last === 0 || (held !== undefined && equal(held.hash, lastHash));
}
