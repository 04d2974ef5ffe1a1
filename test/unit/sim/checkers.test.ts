import { describe, expect, it } from 'vitest';
import { address, parseAddress, type Address } from '../../../src/base/address.ts';
import { clusterIdOf, nodeIdOf, type NodeId } from '../../../src/base/id.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { instant, millis, wallTime } from '../../../src/base/time.ts';
import type { Effect } from '../../../src/core/io.ts';
import type { MembersDocument, MemberView } from '../../../src/core/view.ts';
import { identityFrom, type Identity } from '../../../src/crypto/identity.ts';
import {
  claimsTrue,
  drawsLittle,
  historyBounded,
  ipOf,
  namesUnique,
  proofsHold,
  recordsSigned,
  sendsAllowed,
  socketsBounded,
} from '../../../src/sim/checkers.ts';
import { standInSuite } from '../../../src/sim/stand-in.ts';
import { Truth } from '../../../src/sim/truth.ts';
import { signRecord, type SignedRecord } from '../../../src/wire/record.ts';
import { memberView } from './toy.ts';

const random = new SeededRandom(9);
const attic = nodeIdOf(random.bytes(32));
const pi = nodeIdOf(random.bytes(32));

function at(text: string): Address {
  const made = parseAddress(text);
  if (made === undefined) throw new Error(`${text} is no address`);
  return made;
}

function viewOf(...members: MemberView[]): MembersDocument {
  return { schema: 1, self: attic, members };
}

describe('a host that a liar reflects', () => {
  it('may be sent to at any port that somebody has, and no other host may', () => {
    const truth = new Truth();
    truth.hold('203.0.113.10', 'pi', instant(0));
    truth.notePort('pi', 50_000);
    expect(truth.maySendTo(at('198.51.100.9:50000'))).toBe(false);
    truth.reflect('198.51.100.9');
    expect(truth.maySendTo(at('198.51.100.9:50000'))).toBe(true);
    expect(truth.maySendTo(at('198.51.100.9:50001'))).toBe(false);
    expect(truth.maySendTo(at('198.51.100.8:50000'))).toBe(false);
  });
});

describe('the checker of proofs', () => {
  const truth = new Truth();
  truth.hold('203.0.113.10', 'pi', instant(0));
  truth.release('203.0.113.10', 'pi', instant(1_000));
  truth.hold('203.0.113.10', 'attic', instant(1_000));
  const check = (provenMs: number, changes: Partial<MemberView> = {}): string | undefined =>
    proofsHold(
      viewOf(memberView({ id: pi, name: 'pi', provenMs, ...changes })),
      (age) => instant(2_000 - age),
      (ip, member, time) => truth.heldDuring(ip, member === pi ? 'pi' : '?', time, time),
    );

  it('has nothing against a proof from when the member held the address', () => {
    expect(check(1_500)).toBeUndefined();
  });

  it('finds a proof from after another member got the address', () => {
    expect(check(500)).toMatch(/proven for pi, which did not hold it/);
  });

  it('finds a proof of an address that the member never held', () => {
    expect(check(1_500, { address: '203.0.113.11:4117' })).toMatch(/did not hold it/);
  });

  it('finds a proof without an address or a time', () => {
    expect(check(1_500, { address: null })).toMatch(/not where or when/);
    expect(check(1_500, { provenMs: null })).toMatch(/not where or when/);
  });

  it('has nothing against a wrong address that is not called proven', () => {
    expect(check(500, { proof: 'vouched' })).toBeUndefined();
  });
});

describe('the checker of names', () => {
  it('finds two members of one name', () => {
    const one = memberView({ id: attic, name: 'attic' });
    const other = memberView({ id: pi, name: 'pi' });
    expect(namesUnique(viewOf(one, other))).toBeUndefined();
    expect(namesUnique(viewOf(one, { ...other, name: 'attic' }))).toMatch(/two members/);
  });

  it('finds a member that is shown twice', () => {
    const one = memberView({ id: attic, name: 'attic' });
    expect(namesUnique(viewOf(one, { ...one, name: 'pi' }))).toMatch(/shown twice/);
  });
});

describe('the checker of records', () => {
  const truth = new Truth();
  const witnessed = truth.witness(standInSuite);
  const record = (identity: Identity, sequence: number): SignedRecord =>
    signRecord(identity, {
      cluster: clusterIdOf(new Uint8Array(16)),
      id: identity.id,
      sequence,
      beat: millis(600),
      reachability: 'open',
      addresses: [],
      relays: [],
      services: [],
      tags: [],
    });
  const seed = random.bytes(32);
  const node = identityFrom(witnessed, seed);
  const book = (...records: SignedRecord[]): Parameters<typeof recordsSigned>[0] => ({
    records: records.map(({ bytes }) => bytes),
    history: [],
  });

  it('knows who signed what, and up to which sequence', () => {
    const signed = record(node, 3);
    expect(recordsSigned(book(signed), truth, new Map())).toBeUndefined();
    expect(truth.newestSequence(node.id)).toBe(3);
  });

  it('finds a record that nobody signed', () => {
    // The stand-in lets anybody sign with a public key; only the witness knows who really did.
    const forger = identityFrom(standInSuite, seed);
    expect(recordsSigned(book(record(forger, 9)), truth, new Map())).toMatch(/nobody signed/);
  });

  it('finds a record older than the one held before, and no other', () => {
    const newest = new Map<NodeId, number>();
    const [old, young] = [record(node, 4), record(node, 5)];
    expect(recordsSigned(book(old), truth, newest)).toBeUndefined();
    expect(recordsSigned(book(young), truth, newest)).toBeUndefined();
    expect(recordsSigned(book(young), truth, newest)).toBeUndefined();
    expect(recordsSigned(book(old), truth, newest)).toMatch(/went back from record 5 .* to 4/);
  });
});

describe('the checker of what a node signs about itself', () => {
  const at = (ip: string, voters: number): { address: Address; voters: number } => ({
    address: address(ip, 4117) ?? attic4117(),
    voters,
  });
  const signed = (
    truth: Truth,
    ...lists: readonly { address: Address; voters: number }[][]
  ): Identity => {
    const node = identityFrom(truth.witness(standInSuite), random.bytes(32));
    lists.forEach((addresses, index) => {
      signRecord(node, { ...bare, id: node.id, sequence: index + 1, addresses });
    });
    return node;
  };
  const bare = {
    cluster: clusterIdOf(new Uint8Array(16)),
    beat: millis(600),
    reachability: 'open',
    relays: [],
    services: [],
    tags: [],
  } as const;
  const attic4117 = (): Address => ({ family: 4, ip: '203.0.113.10', port: 4117 });

  it('finds a host that three voted and that was never its own, and not one that two did', () => {
    const truth = new Truth();
    truth.hold('203.0.113.10', 'pi', instant(0));
    const honest = signed(truth, [at('203.0.113.10', 9)], [at('198.51.100.9', 2)]);
    expect(claimsTrue(honest.id, 'pi', truth, false)).toBeUndefined();
    const fooled = signed(truth, [at('198.51.100.9', 3)]);
    expect(claimsTrue(fooled.id, 'pi', truth, false)).toMatch(/198\.51\.100\.9, where it never/);
  });

  it('has nothing against the address of who passes its datagrams on', () => {
    const truth = new Truth();
    truth.lend('198.51.100.9', 'pi');
    const passedOn = signed(truth, [at('198.51.100.9', 3)]);
    expect(claimsTrue(passedOn.id, 'pi', truth, false)).toBeUndefined();
  });

  it('finds two records of one sequence, but not of a machine that was put back', () => {
    const truth = new Truth();
    const node = signed(truth, []);
    expect(claimsTrue(node.id, 'pi', truth, false)).toBeUndefined();
    const reachability = 'mapped';
    signRecord(node, { ...bare, reachability, id: node.id, sequence: 1, addresses: [] });
    expect(claimsTrue(node.id, 'pi', truth, false)).toMatch(/two records of one sequence/);
    expect(claimsTrue(node.id, 'pi', truth, true)).toBeUndefined();
  });
});

describe('the checkers of bounds', () => {
  it('find a history above its bound, and none at it', () => {
    const history = (count: number): Parameters<typeof historyBounded>[0] => ({
      records: [],
      history: [
        {
          id: pi,
          addresses: Array.from({ length: count }, (_, index) => ({
            address: address('203.0.113.1', index + 1) ?? at('203.0.113.1:1'),
            at: wallTime(0),
          })),
        },
      ],
    });
    expect(historyBounded(history(32))).toBeUndefined();
    expect(historyBounded(history(33))).toMatch(/33 addresses/);
  });

  it('find a third fresh socket, and no second', () => {
    expect(socketsBounded(2)).toBeUndefined();
    expect(socketsBounded(3)).toMatch(/3 fresh sockets/);
  });
});

describe('the checker of destinations', () => {
  const truth = new Truth();
  truth.hold('203.0.113.10', 'pi', instant(0));
  truth.notePort('pi', 4117);
  truth.release('203.0.113.10', 'pi', instant(5));
  const send = (to: Address, size = 68): Effect[] => [
    { type: 'send', socket: 0, to, bytes: new Uint8Array(size) },
  ];

  it('has nothing against an address that a member holds or has held', () => {
    expect(sendsAllowed(send(at('203.0.113.10:4117')), truth)).toBeUndefined();
  });

  it('finds an address that no member ever held, and a port that none was seen at', () => {
    expect(sendsAllowed(send(at('203.0.113.11:4117')), truth)).toMatch(/no member ever was/);
    expect(sendsAllowed(send(at('203.0.113.10:53')), truth)).toMatch(/no member ever was/);
  });

  it('has nothing against an address that an operator typed', () => {
    truth.tell(at('192.0.2.77:999'));
    expect(sendsAllowed(send(at('192.0.2.77:999')), truth)).toBeUndefined();
  });

  it('knows the port that a router gave to whoever held the address', () => {
    truth.noteRewrite('203.0.113.10', 61_000);
    expect(sendsAllowed(send(at('203.0.113.10:61000')), truth)).toBeUndefined();
  });

  it('finds a datagram that is too long for any path', () => {
    expect(sendsAllowed(send(at('203.0.113.10:4117'), 1_200), truth)).toBeUndefined();
    expect(sendsAllowed(send(at('203.0.113.10:4117'), 1_201), truth)).toMatch(/1201 octets/);
  });
});

describe('the checker of what an attacker draws', () => {
  const traffic = { sentBytes: 100, sentDatagrams: 1, receivedBytes: 300, receivedDatagrams: 3 };

  it('allows so many times what was sent, and not an octet more', () => {
    expect(drawsLittle('x', traffic, 3)).toBeUndefined();
    expect(drawsLittle('x', { ...traffic, receivedBytes: 301 }, 3)).toMatch(/drew 301/);
  });

  it('allows a stranger nothing at all', () => {
    expect(drawsLittle('x', { ...traffic, receivedBytes: 0 }, 0)).toBeUndefined();
    expect(drawsLittle('x', { ...traffic, receivedBytes: 1 }, 0)).toMatch(/drew 1/);
  });
});

describe('the truth about addresses', () => {
  it('knows who holds an address now, who held it when, and that both can be two', () => {
    const truth = new Truth();
    truth.hold('203.0.113.10', 'pi', instant(10));
    truth.release('203.0.113.10', 'pi', instant(20));
    truth.hold('203.0.113.10', 'attic', instant(20));
    expect(truth.holderOf('203.0.113.10', instant(15))).toBe('pi');
    expect(truth.holderOf('203.0.113.10', instant(20))).toBe('attic');
    expect(truth.holderOf('203.0.113.10', instant(5))).toBeUndefined();
    expect(truth.heldDuring('203.0.113.10', 'pi', instant(19), instant(40))).toBe(true);
    expect(truth.heldDuring('203.0.113.10', 'pi', instant(21), instant(40))).toBe(false);
  });

  it('takes the host out of an address as shown, of either family', () => {
    expect(ipOf('203.0.113.10:4117')).toBe('203.0.113.10');
    expect(ipOf('[2001:db8::1]:4117')).toBe('2001:db8::1');
  });
});
