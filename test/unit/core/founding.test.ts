import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAddress, type Address } from '../../../src/base/address.ts';
import type { Bytes } from '../../../src/base/bytes.ts';
import { millis, wallTime } from '../../../src/base/time.ts';
import type { Identity } from '../../../src/crypto/identity.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import {
  Admission,
  foundCluster,
  joinRequest,
  type AdmissionStep,
} from '../../../src/core/founding.ts';
import { Membership } from '../../../src/core/membership.ts';
import { consentInput, redemptionInput, type SignedAct } from '../../../src/wire/act.ts';
import { decodeFrameBody, encodeFrame, type JoinFrame } from '../../../src/wire/join.ts';
import { signRecord, type SignedRecord } from '../../../src/wire/record.ts';
import { inviteKeyOf, type Token } from '../../../src/wire/token.ts';
import { Author, admitBody, clusterOfMachines, found, identityOf, named, seedOf } from './acts.ts';

const WALL = wallTime(5_000_000);
const DIALED = at('192.0.2.1:4117');
const SECRET = 'to pi';
const pi = identityOf('pi');
const attic = identityOf('attic');
const cellar = identityOf('cellar');
const mallory = identityOf('mallory');

function at(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`${text} is no address`);
  return parsed;
}

function tokenOf(founder: Author, where: readonly string[] = ['192.0.2.1:4117']): Token {
  const secret = seedOf(SECRET).slice(0, 16);
  const maker = founder.identity.id;
  return { cluster: founder.cluster, maker, secret, expires: wallTime(9_000_000), at: where };
}

function body(frame: JoinFrame): Bytes {
  return encodeFrame(frame).slice(4);
}

function actFrame({ bytes }: SignedAct): Bytes {
  return body({ type: 'item', item: { kind: 'act', bytes } });
}

function recordFrame({ bytes }: SignedRecord): Bytes {
  return body({ type: 'item', item: { kind: 'record', bytes } });
}

function recordOf(identity: Identity, founder: Author, sequence = 1): SignedRecord {
  return signRecord(identity, {
    cluster: founder.cluster,
    id: identity.id,
    sequence,
    beat: millis(600),
    reachability: 'unknown',
    addresses: [],
    relays: [],
    services: [],
    tags: [],
  });
}

const done = body({ type: 'done', seen: at('198.51.100.9:50000') });

/** A cluster that has just admitted pi. */
function lake(): { founder: Author; member: Author } {
  const { founder, joined } = clusterOfMachines('attic', 'cellar');
  founder.invite(SECRET);
  founder.admit(pi, 'pi', SECRET);
  return { founder, member: joined[0] as Author };
}

function answer(
  frames: readonly Bytes[],
  token: Token = tokenOf(lake().founder),
  joiner: Identity = pi,
): AdmissionStep {
  const admission = new Admission(nodeSuite, joiner, token, DIALED, WALL);
  let step: AdmissionStep = { type: 'more' };
  for (const frame of frames) {
    expect(step.type).toBe('more');
    step = admission.push(frame);
  }
  return step;
}

describe('founding', () => {
  test('makes a cluster of one with a name, which its founder can open', () => {
    const names = { clusterName: 'lake', nodeName: named('attic'), nonce: new Uint8Array(16) };
    const stored = foundCluster(nodeSuite, attic, names);
    expect(stored).toMatchObject({ invites: [], reserved: 0, tags: [] });
    const membership = new Membership(nodeSuite, attic.id, stored.acts);
    expect(membership.clusterName).toBe('lake');
    expect(membership.members().map(({ id, name }) => [id, name])).toEqual([[attic.id, 'attic']]);
  });

  test('twice gives two clusters', () => {
    const clusters = [1, 2].map((octet) => {
      const nonce = new Uint8Array(16).fill(octet);
      const names = { clusterName: 'lake', nodeName: named('attic'), nonce };
      return new Membership(nodeSuite, attic.id, foundCluster(nodeSuite, attic, names).acts)
        .cluster;
    });
    expect(clusters[0]).not.toBe(clusters[1]);
  });
});

describe('a join request', () => {
  test('is one frame, signed by invite and joiner for this cluster, node, key and name', () => {
    const { founder } = lake();
    const token = tokenOf(founder);
    const bytes = joinRequest(nodeSuite, pi, token, named('pi'));
    expect(new DataView(bytes.buffer).getUint32(0)).toBe(bytes.length - 4);
    const frame = decodeFrameBody(bytes.slice(4));
    if (frame?.type !== 'request') throw new Error('a join request is a request');
    const { public: key } = inviteKeyOf(nodeSuite, token.secret);
    const { id, agreement, name, inviteKey, redemption, consent } = frame;
    expect([id, agreement, name, inviteKey]).toEqual([pi.id, pi.agreement.public, 'pi', key]);
    const joining = [token.cluster, key, pi.id, pi.agreement.public, named('pi')] as const;
    expect(nodeSuite.verify(key, redemptionInput(...joining), redemption)).toBe(true);
    expect(nodeSuite.verify(pi.publicKey, consentInput(...joining), consent)).toBe(true);
  });

  test('shows nothing of the secret', () => {
    const token = tokenOf(lake().founder);
    const text = joinRequest(nodeSuite, pi, token, named('pi')).join();
    expect(text).not.toContain(token.secret.join());
    expect(text).not.toContain(pi.seed.join());
  });
});

describe('an answer', () => {
  test('of acts and records admits, and leaves a state to start from', () => {
    const { founder } = lake();
    const records = [recordOf(attic, founder), recordOf(cellar, founder)];
    const step = answer([...founder.chain.map(actFrame), ...records.map(recordFrame), done]);
    if (step.type !== 'admitted') throw new Error(step.type);
    expect(step.seen).toEqual(at('198.51.100.9:50000'));
    const membership = new Membership(nodeSuite, pi.id, step.cluster.acts);
    expect(membership.members().map(({ name }) => name)).toEqual(['attic', 'cellar', 'pi']);
    expect(step.cluster).toMatchObject({ invites: [], reserved: 0, tags: [] });
    expect(step.book.records).toEqual(records.map(({ bytes }) => bytes));
    expect(step.book.history).toEqual([
      { id: attic.id, addresses: [{ address: DIALED, at: WALL }] },
    ]);
  });

  test('is remembered with all addresses of the token, names left out', () => {
    const { founder } = lake();
    const where = ['192.0.2.1:4117', '[2001:db8::1]:4117', 'attic.example:4117', '0.0.0.0:1'];
    const step = answer([...founder.chain.map(actFrame), done], tokenOf(founder, where));
    if (step.type !== 'admitted') throw new Error(step.type);
    expect(step.book.history[0]?.addresses.map(({ address }) => address)).toEqual([
      DIALED,
      at('[2001:db8::1]:4117'),
    ]);
  });

  test('may come in any order of acts', () => {
    const { founder } = lake();
    expect(answer([...founder.chain.toReversed().map(actFrame), done]).type).toBe('admitted');
  });

  test('that refuses says why', () => {
    expect(answer([body({ type: 'refused', reason: 'spent' })])).toEqual({
      type: 'refused',
      reason: 'spent',
    });
  });

  test('keeps its end, whatever follows', () => {
    const { founder } = lake();
    const admission = new Admission(nodeSuite, pi, tokenOf(founder), DIALED, WALL);
    for (const frame of founder.chain.map(actFrame)) admission.push(frame);
    const end = admission.push(done);
    expect(end.type).toBe('admitted');
    expect(admission.push(body({ type: 'refused', reason: 'spent' }))).toBe(end);
    expect(admission.push(new Uint8Array(0))).toBe(end);
  });
});

describe('a maker is not believed', () => {
  const { founder, member } = lake();
  const broken = (step: AdmissionStep, why: RegExp): void => {
    expect(step).toEqual({ type: 'broken', why: expect.stringMatching(why) as string });
  };

  test('when it ends before the admission', () => {
    broken(answer([...founder.chain.slice(0, -1).map(actFrame), done]), /does not admit/);
    broken(answer([done]), /do not form one cluster/);
  });

  test('when its acts are of another cluster than the token', () => {
    const other = found('attic', 'pond');
    other.invite(SECRET);
    other.admit(pi, 'pi', SECRET);
    broken(answer([...other.chain.map(actFrame), done]), /another cluster/);
  });

  test('when an act is forged, missing or does not belong', () => {
    const forged = founder.chain.map(({ bytes }) => bytes.slice());
    const last = forged.at(-1) as Bytes;
    last[last.length - 1] = (last.at(-1) ?? 0) ^ 1;
    const frames = forged.map((bytes) => body({ type: 'item', item: { kind: 'act', bytes } }));
    broken(answer([...frames, done]), /do not form one cluster/);
    broken(answer([...founder.chain.toSpliced(1, 1).map(actFrame), done]), /do not form/);
  });

  test('when it is no member of the cluster', () => {
    const token = { ...tokenOf(founder), maker: mallory.id };
    broken(answer([...founder.chain.map(actFrame), done], token), /inviter is no member/);
  });

  test('when it admits this node under a key that is not its own', () => {
    const hostile = found('attic');
    hostile.invite(SECRET);
    const key = mallory.agreement.public;
    const swapped = admitBody(hostile.cluster, pi, 'pi', SECRET, nodeSuite, key);
    const { consent } = admitBody(hostile.cluster, pi, 'pi', SECRET);
    const forged = hostile.signAt(3, { ...swapped, consent });
    const frames = [...hostile.chain, forged].map(actFrame);
    broken(answer([...frames, done], tokenOf(hostile)), /do not form one cluster/);
    // Not even when somebody who holds a copy of its seed agreed to that key.
    hostile.sign(swapped);
    broken(answer([...hostile.chain.map(actFrame), done], tokenOf(hostile)), /somebody else/);
  });

  test('when this node left the cluster before', () => {
    const left = new Author(pi, founder.cluster);
    const frames = [...founder.chain, left.sign({ type: 'leave' })].map(actFrame);
    broken(answer([...frames, done]), /left that cluster/);
  });

  test('when it says what no frame says', () => {
    broken(answer([new Uint8Array(0)]), /cannot be read/);
    const request = joinRequest(nodeSuite, pi, tokenOf(founder), named('pi'));
    broken(answer([request.slice(4)]), /cannot be read/);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(['more', 'broken', 'refused']).toContain(answer([bytes]).type);
      }),
    );
  });

  test('about records: forged ones, of strangers and of other clusters are left out', () => {
    const good = recordOf(cellar, founder, 2);
    const forged = recordOf(attic, founder).bytes.slice();
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    const records = [
      recordOf(cellar, founder, 1),
      good,
      recordOf(mallory, founder),
      recordOf(member.identity, found('attic', 'pond'), 9),
      { ...good, bytes: forged },
      { ...good, bytes: new Uint8Array(3) },
    ];
    const step = answer([...founder.chain.map(actFrame), ...records.map(recordFrame), done]);
    if (step.type !== 'admitted') throw new Error(step.type);
    expect(step.book.records).toEqual([good.bytes]);
  });
});
