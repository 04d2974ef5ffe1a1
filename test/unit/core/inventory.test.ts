import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, type Bytes } from '../../../src/base/bytes.ts';
import { nodeIdOf, publicKeyOf, type NodeId } from '../../../src/base/id.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { Inventory } from '../../../src/core/inventory.ts';
import {
  decodeMessage,
  encodeMessage,
  type Summary,
  type Want,
} from '../../../src/wire/message.ts';

interface Held {
  sequence: number;
  record: Bytes | undefined;
  acts: Bytes[];
}

/** A node with things in its hands, and an inventory that must always say what they are. */
class Shelf {
  readonly inventory = new Inventory(nodeSuite);
  readonly items = new Map<NodeId, Held>();
  messages = 0;

  held(id: NodeId): Held {
    const held = this.items.get(id) ?? { sequence: 0, record: undefined, acts: [] };
    this.items.set(id, held);
    return held;
  }

  record(id: NodeId, sequence: number, variant = 0): void {
    const held = this.held(id);
    // Two records of one sequence: the lower one is kept, as with a fork.
    if (held.sequence > sequence) return;
    const record = concat(publicKeyOf(id), Uint8Array.of(sequence, variant));
    if (held.sequence === sequence && (held.record?.at(-1) ?? 0) <= variant) return;
    held.sequence = sequence;
    held.record = record;
    this.inventory.setRecord(id, sequence, record);
  }

  act(id: NodeId, number: number, variant = 0): void {
    const held = this.held(id);
    const hash = nodeSuite.hash(concat(publicKeyOf(id), Uint8Array.of(number, variant)));
    if (held.acts.length === number - 1) {
      held.acts.push(hash);
      this.inventory.setActs(id, held.acts);
    }
  }

  /** Gives what is asked for to another node, IDs completed as the asker could not. */
  give(wants: readonly Want[], to: Shelf): void {
    for (const { kind, id: named, from } of wants) {
      for (const id of this.inventory.resolve(named)) {
        const held = this.held(id);
        if (kind === 'record') {
          if (held.record !== undefined && held.sequence >= from) {
            to.record(id, held.sequence, held.record.at(-1));
          }
        } else {
          for (let number = from; number <= held.acts.length; number += 1) to.act(id, number);
        }
      }
    }
  }
}

/** A summary as it comes out at the other end of the wire. */
function carried(summary: Summary): Summary {
  const message = decodeMessage(encodeMessage(summary));
  if (message?.type !== 'summary') throw new Error('a summary does not fit a message');
  return message;
}

/** Exchanges summaries until digests agree; gives the number of rounds, each one way. */
function reconcile(first: Shelf, second: Shelf, most = 20): number {
  let [from, to] = [first, second];
  let summaries = [from.inventory.summary(0, 0)];
  for (let round = 1; round <= most; round += 1) {
    const answers: Summary[] = [];
    for (const summary of summaries) {
      to.messages += 1;
      const { send, want, descend } = to.inventory.compare(carried(summary));
      expect(send.length).toBeLessThanOrEqual(320);
      expect(want.length).toBeLessThanOrEqual(160);
      expect(descend.length).toBeLessThanOrEqual(16);
      to.give(send, from);
      from.give(want, to);
      for (const { depth, prefix } of descend) answers.push(to.inventory.summary(depth, prefix));
    }
    if (from.inventory.digest === to.inventory.digest) return round;
    [from, to] = [to, from];
    summaries = answers.length > 0 ? answers : [from.inventory.summary(0, 0)];
  }
  return Infinity;
}

function sameItems(first: Shelf, second: Shelf): void {
  const listed = (shelf: Shelf): unknown[] =>
    [...shelf.items]
      .filter(([, held]) => held.sequence > 0 || held.acts.length > 0)
      .map(([id, { sequence, acts }]) => [id, sequence, acts.length])
      .toSorted();
  expect(listed(first)).toEqual(listed(second));
}

function ids(count: number, seed = 1): NodeId[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: count }, () => nodeIdOf(random.bytes(32)));
}

describe('the digest', () => {
  test('of nothing is 0, and what was taken off leaves no trace', () => {
    const [id] = ids(1) as [NodeId];
    const inventory = new Inventory(nodeSuite);
    expect(inventory.digest).toBe(0);
    inventory.setRecord(id, 1, Uint8Array.of(1));
    expect(inventory.digest).not.toBe(0);
    inventory.dropRecord(id);
    inventory.dropRecord(id);
    inventory.setActs(id, []);
    expect(inventory.digest).toBe(0);
    expect(inventory.summary(0, 0)).toMatchObject({ mode: 'leaves', leaves: [] });
  });

  test('is the XOR of the first four octets of each hash', () => {
    const [id] = ids(1) as [NodeId];
    const inventory = new Inventory(nodeSuite);
    const [record, act] = [Uint8Array.of(1, 2, 3), nodeSuite.hash(Uint8Array.of(4))];
    inventory.setRecord(id, 7, record);
    inventory.setActs(id, [act]);
    const first = (hash: Bytes): number => new DataView(hash.buffer, hash.byteOffset).getUint32(0);
    expect(inventory.digest).toBe((first(nodeSuite.hash(record)) ^ first(act)) >>> 0);
  });

  test('hangs on what is held, not on the order it came in', () => {
    const anything = fc.array(
      fc.record({ who: fc.nat(200), sequence: fc.integer({ min: 1, max: 9 }), act: fc.boolean() }),
      { maxLength: 300 },
    );
    const people = ids(201);
    fc.assert(
      fc.property(anything, (list) => {
        const [forth, back] = [new Shelf(), new Shelf()];
        const put = (shelf: Shelf, items: typeof list): void => {
          for (const { who, sequence, act } of items) {
            const id = people[who] as NodeId;
            if (act) shelf.act(id, shelf.held(id).acts.length + 1);
            else shelf.record(id, sequence);
          }
        };
        put(forth, list);
        put(back, list.toReversed());
        expect(back.inventory.digest).toBe(forth.inventory.digest);
        expect(back.inventory.summary(0, 0)).toEqual(forth.inventory.summary(0, 0));
        // What was added act by act is what setting all of them gives.
        for (const [id, { acts }] of forth.items) forth.inventory.setActs(id, acts);
        expect(forth.inventory.digest).toBe(back.inventory.digest);
      }),
    );
  });

  test('changes when a record is replaced by another of the same sequence', () => {
    const [id] = ids(1) as [NodeId];
    const inventory = new Inventory(nodeSuite);
    inventory.setRecord(id, 1, Uint8Array.of(1));
    const before = inventory.digest;
    inventory.setRecord(id, 1, Uint8Array.of(2));
    expect(inventory.digest).not.toBe(before);
  });
});

describe('a summary', () => {
  test('lists up to 80 leaves and splits any more by the next four bits', () => {
    const shelf = new Shelf();
    const people = ids(81);
    for (const id of people.slice(0, 80)) shelf.record(id, 1);
    const small = carried(shelf.inventory.summary(0, 0));
    expect(small.mode === 'leaves' && small.leaves.length).toBe(80);
    shelf.record(people[80] as NodeId, 1);
    expect(shelf.inventory.summary(0, 0).mode).toBe('digests');
  });

  test('of a prefix holds exactly what is below it, at every level', () => {
    const shelf = new Shelf();
    for (const id of ids(1000)) shelf.record(id, 1);
    const walk = (depth: number, prefix: number): { leaves: number; digest: number } => {
      const summary = shelf.inventory.summary(depth, prefix);
      if (summary.mode === 'leaves') return { leaves: summary.leaves.length, digest: NaN };
      let leaves = 0;
      for (let digit = 0; digit < 16; digit += 1) {
        leaves += walk(depth + 1, prefix + digit * 2 ** (28 - 4 * depth)).leaves;
      }
      return { leaves, digest: summary.digests.reduce((a, b) => (a ^ b) >>> 0, 0) };
    };
    expect(walk(0, 0)).toEqual({ leaves: 1000, digest: shelf.inventory.digest });
  });

  test('may be asked for at a prefix below which nothing was split', () => {
    const shelf = new Shelf();
    const [id] = ids(1) as [NodeId];
    shelf.record(id, 3);
    const top = new DataView(publicKeyOf(id).buffer).getUint32(0);
    for (let depth = 1; depth <= 8; depth += 1) {
      const prefix = top - (top % 2 ** (32 - 4 * depth));
      expect(shelf.inventory.summary(depth, prefix)).toMatchObject({ leaves: [{ sequence: 3 }] });
      const beside = (prefix + 2 ** (32 - 4 * depth)) % 2 ** 32;
      expect(shelf.inventory.summary(depth, beside)).toMatchObject({ leaves: [] });
    }
  });
});

describe('two inventories', () => {
  test('of 2,000 nodes agree after as many rounds as the tree is deep, and two', () => {
    const [left, right] = [new Shelf(), new Shelf()];
    const random = new SeededRandom(5);
    for (const id of ids(2000)) {
      for (const shelf of [left, right]) {
        if (random.chance(0.8)) shelf.record(id, 1 + random.below(9));
        for (let number = 1; random.chance(0.3); number += 1) shelf.act(id, number);
      }
    }
    const rounds = reconcile(left, right);
    expect(rounds).toBeLessThanOrEqual(Math.ceil(Math.log(2000) / Math.log(16)) + 2);
    sameItems(left, right);
  });

  test('agree wherever they differ', () => {
    const lists = fc.array(
      fc.record({
        who: fc.nat(299),
        side: fc.constantFrom(0, 1, 2),
        sequence: fc.integer({ min: 1, max: 5 }),
        acts: fc.nat(3),
      }),
      { maxLength: 300 },
    );
    const people = ids(300, 9);
    fc.assert(
      fc.property(lists, (list) => {
        const shelves = [new Shelf(), new Shelf()] as const;
        for (const { who, side, sequence, acts } of list) {
          const id = people[who] as NodeId;
          for (const shelf of side === 2 ? shelves : [shelves[side === 0 ? 0 : 1]]) {
            shelf.record(id, sequence);
            for (let number = 1; number <= acts; number += 1) shelf.act(id, number);
          }
        }
        expect(reconcile(...shelves)).toBeLessThanOrEqual(5);
        sameItems(...shelves);
      }),
    );
  });

  test('agree when one of them is empty, whichever begins', () => {
    for (const swap of [false, true]) {
      const [full, empty] = [new Shelf(), new Shelf()];
      for (const id of ids(1000)) full.record(id, 2);
      const rounds = swap ? reconcile(empty, full) : reconcile(full, empty);
      expect(rounds).toBeLessThanOrEqual(5);
      sameItems(full, empty);
    }
  });

  test('of which one lists few and one holds many go on with the digests of the many', () => {
    const [many, few] = [new Shelf(), new Shelf()];
    for (const id of ids(100)) many.record(id, 1);
    expect(many.inventory.compare(few.inventory.summary(0, 0))).toEqual({
      send: [],
      want: [],
      descend: [{ depth: 0, prefix: 0 }],
    });
  });

  test('that differ in one node of 2,000 say little to find it', () => {
    const [left, right] = [new Shelf(), new Shelf()];
    const people = ids(2000);
    for (const id of people) for (const shelf of [left, right]) shelf.record(id, 1);
    left.record(people[77] as NodeId, 2);
    expect(reconcile(left, right)).toBeLessThanOrEqual(4);
    expect(left.messages + right.messages).toBeLessThanOrEqual(4);
  });

  test('that hold two records of one sequence offer what they hold in turn, and agree', () => {
    const [left, right] = [new Shelf(), new Shelf()];
    const people = ids(40);
    for (const id of people) for (const shelf of [left, right]) shelf.record(id, 1, 5);
    left.record(people[33] as NodeId, 1, 2);
    expect(reconcile(left, right)).toBeLessThanOrEqual(2 * Math.ceil(40 / 8));
  });
});

describe('an ID known by eight octets', () => {
  test('is asked for by them, and completed by who holds it', () => {
    const [id, other] = ids(2) as [NodeId, NodeId];
    const [left, right] = [new Shelf(), new Shelf()];
    left.record(id, 4);
    left.act(id, 1);
    const { want } = right.inventory.compare(left.inventory.summary(0, 0));
    expect(want.map(({ kind, from }) => [kind, from])).toEqual([
      ['record', 1],
      ['act', 1],
    ]);
    const [asked] = want as [Want, Want];
    expect(asked.id).not.toBe(id);
    expect(left.inventory.resolve(asked.id)).toEqual([id]);
    expect(left.inventory.resolve(id)).toEqual([id]);
    expect(left.inventory.resolve(other)).toEqual([]);
    expect(right.inventory.resolve(asked.id)).toEqual([]);
  });

  test('is not taken for another whose other octets differ', () => {
    const [id] = ids(1) as [NodeId];
    const shelf = new Shelf();
    shelf.record(id, 1);
    const alike = publicKeyOf(id).slice();
    alike[31] = (alike[31] ?? 0) ^ 1;
    expect(shelf.inventory.resolve(nodeIdOf(alike))).toEqual([]);
  });

  test('that clashes with another costs bytes, not truth', () => {
    const [base] = ids(1) as [NodeId];
    const clashing = [1, 2, 3].map((last) => {
      const octets = publicKeyOf(base).slice();
      octets[31] = last;
      return nodeIdOf(octets);
    });
    const [left, right] = [new Shelf(), new Shelf()];
    const [first, second, third] = clashing as [NodeId, NodeId, NodeId];
    left.record(first, 3);
    left.act(first, 1);
    left.record(second, 1);
    right.record(second, 2);
    right.record(third, 5);
    // Whose leaf is whose cannot be told, so both of its own go out, and both others are wanted.
    const { send, want } = left.inventory.compare(right.inventory.summary(0, 0));
    expect(send.map(({ kind, id, from }) => [kind, id, from]).toSorted()).toEqual(
      [
        ['record', first, 1],
        ['act', first, 1],
        ['record', second, 1],
      ].toSorted(),
    );
    expect(want.map(({ kind, from }) => [kind, from])).toEqual([
      ['record', 1],
      ['record', 1],
    ]);
    expect(reconcile(left, right)).toBeLessThanOrEqual(5);
    sameItems(left, right);
  });

  test('of which more than a summary lists begin alike is listed in part, in bounds', () => {
    const [left, right] = [new Shelf(), new Shelf()];
    const [base] = ids(1) as [NodeId];
    for (let n = 0; n < 200; n += 1) {
      const octets = publicKeyOf(base).slice();
      octets[7] = n;
      left.record(nodeIdOf(octets), 1);
      if (n % 3 === 0) right.record(nodeIdOf(octets), 2);
    }
    const top = new DataView(publicKeyOf(base).buffer).getUint32(0);
    const summary = carried(left.inventory.summary(8, top));
    expect(summary.mode === 'leaves' && summary.leaves.length).toBe(80);
    // The listed ones are settled; of those beyond the list nothing is claimed.
    const { send, want } = right.inventory.compare(summary);
    expect(send.every(({ from }) => from === 2)).toBe(true);
    expect(send.length + want.length).toBeLessThanOrEqual(160);
    expect(reconcile(left, right, 6)).toBe(Infinity);
  });
});

test('whatever summary a hostile member sends, the answer is bounded', () => {
  const shelf = new Shelf();
  for (const id of ids(500)) shelf.record(id, 3);
  const random = new SeededRandom(3);
  for (let n = 0; n < 300; n += 1) {
    const depth = random.below(9);
    const prefix = depth === 0 ? 0 : random.below(16 ** depth) * 2 ** (32 - 4 * depth);
    const digests = depth < 8 && random.chance(0.5);
    const leaves = Array.from({ length: random.below(81) }, () => {
      return { prefix: random.bytes(8), sequence: random.below(9), acts: random.below(9) };
    });
    const summary: Summary = digests
      ? { type: 'summary', depth, prefix, mode: 'digests', digests: numbers(random) }
      : { type: 'summary', depth, prefix, mode: 'leaves', leaves };
    const { send, want, descend } = shelf.inventory.compare(carried(summary));
    expect(send.length + want.length).toBeLessThanOrEqual(320);
    expect(descend.length).toBeLessThanOrEqual(16);
    for (const at of descend) carried(shelf.inventory.summary(at.depth, at.prefix));
  }

  function numbers(from: SeededRandom): number[] {
    return Array.from({ length: 16 }, () => from.below(2 ** 32));
  }
});
