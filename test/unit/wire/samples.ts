/** Values of every kind that crosses the wire: fixed ones to read, arbitrary ones to fuzz with. */
import fc from 'fast-check';
import type { Address } from '../../../src/base/address.ts';
import { addressFromBytes, addressKey, parseAddress } from '../../../src/base/address.ts';
import type { Bytes } from '../../../src/base/bytes.ts';
import { utf8 } from '../../../src/base/bytes.ts';
import type { ClusterId, NodeId, NodeName } from '../../../src/base/id.ts';
import { clusterIdOf, nodeIdOf } from '../../../src/base/id.ts';
import { millis, wallTime } from '../../../src/base/time.ts';
import type { Identity } from '../../../src/crypto/identity.ts';
import { identityFrom } from '../../../src/crypto/identity.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import type { Act } from '../../../src/wire/act.ts';
import { consentInput, redemptionInput } from '../../../src/wire/act.ts';
import { isPrintable } from '../../../src/wire/field.ts';
import type { JoinFrame } from '../../../src/wire/join.ts';
import type { Message, NewsItem, Want } from '../../../src/wire/message.ts';
import type { RecordFields } from '../../../src/wire/record.ts';
import type { Leaf } from '../../../src/wire/summary.ts';
import type { Token } from '../../../src/wire/token.ts';
import { inviteKeyOf, isTokenAddress } from '../../../src/wire/token.ts';

/** `size` octets that count up from `start`: easy to tell apart in a failed comparison. */
export function octets(size: number, start = 0): Bytes {
  return Uint8Array.from({ length: size }, (_, index) => (start + index) & 0xff);
}

export const attic: Identity = identityFrom(nodeSuite, octets(32, 1));
export const cellar: Identity = identityFrom(nodeSuite, octets(32, 101));
export const cluster: ClusterId = clusterIdOf(octets(16, 200));

export function at(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`${text} is no address`);
  return parsed;
}

export function name(text: string): NodeName {
  return text as NodeName;
}

export const record: RecordFields = {
  cluster,
  id: attic.id,
  sequence: 1001,
  beat: millis(600),
  reachability: 'mapped',
  addresses: [
    { address: at('203.0.113.7:4117'), voters: 3 },
    { address: at('[2001:db8::7]:4117'), voters: 1 },
  ],
  relays: [cellar.id],
  services: ['ssh', 'web'],
  tags: [
    { key: 'room', value: 'under the roof' },
    { key: 'rôle', value: 'Döner 🥙' },
  ],
};

const link = { cluster, author: attic.id, number: 2, previous: octets(32, 7) };
const inviteKey = inviteKeyOf(nodeSuite, octets(16, 60));
const joining = [
  cluster,
  inviteKey.public,
  cellar.id,
  cellar.agreement.public,
  name('cellar'),
] as const;

/** One act of each kind, all by attic. */
export const acts: { readonly [Type in Act['type']]: Extract<Act, { type: Type }> } = {
  found: {
    type: 'found',
    cluster: undefined,
    author: attic.id,
    number: 1,
    previous: new Uint8Array(32),
    nonce: octets(16, 40),
    agreement: attic.agreement.public,
    clusterName: 'home',
    name: name('attic'),
  },
  admit: {
    type: 'admit',
    ...link,
    id: cellar.id,
    agreement: cellar.agreement.public,
    name: name('cellar'),
    inviteKey: inviteKey.public,
    redemption: nodeSuite.sign(inviteKey.seed, redemptionInput(...joining)),
    consent: cellar.sign(consentInput(...joining)),
  },
  invite: {
    type: 'invite',
    ...link,
    key: inviteKey.public,
    uses: 1,
    expires: wallTime(1_800_000_000_000),
  },
  leave: { type: 'leave', ...link },
  remove: { type: 'remove', ...link, id: cellar.id, last: 9, lastHash: octets(32, 130) },
};

export const token: Token = {
  cluster,
  maker: attic.id,
  secret: octets(16, 60),
  expires: wallTime(1_800_000_000_000),
  at: ['203.0.113.7:4117', 'attic.example:4117', '[2001:db8::7]:4117'],
};

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });

export function anyOctets(size: number): fc.Arbitrary<Bytes> {
  return fc.uint8Array({ minLength: size, maxLength: size });
}

const anyNodeId: fc.Arbitrary<NodeId> = anyOctets(32).map(nodeIdOf);
const anyCluster: fc.Arbitrary<ClusterId> = anyOctets(16).map(clusterIdOf);
const anyName: fc.Arbitrary<NodeName> = fc
  .stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/)
  .map(name);

export const anyAddress: fc.Arbitrary<Address> = fc
  .oneof(fc.tuple(fc.constant(4), anyOctets(4), u16), fc.tuple(fc.constant(6), anyOctets(16), u16))
  .map(([family, ip, port]) => addressFromBytes(family === 4 ? 4 : 6, ip, port))
  .filter((address) => address !== undefined);

const anyPrintable = (min: number, max: number): fc.Arbitrary<string> =>
  fc
    .string({ unit: 'binary', maxLength: max })
    .filter((text) => isPrintable(text) && utf8(text).length >= min && utf8(text).length <= max);

const anyItem: fc.Arbitrary<NewsItem> = fc.record({
  kind: fc.constantFrom('record', 'act'),
  bytes: fc.uint8Array({ maxLength: 120 }),
});
const anyWant: fc.Arbitrary<Want> = fc.record({
  kind: fc.constantFrom('record', 'act'),
  id: anyNodeId,
  from: u32,
});
const anyLeaf: fc.Arbitrary<Leaf> = fc.record({ prefix: anyOctets(8), sequence: u32, acts: u16 });
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });
const anyRecordBytes = maybe(fc.uint8Array({ minLength: 1, maxLength: 1100 }));
const beat = { challenge: u32, sequence: u32, digest: u32 };

/** A prefix with no bit below its depth. */
const anyPrefix = (deepest: number): fc.Arbitrary<{ depth: number; prefix: number }> =>
  fc.tuple(fc.integer({ min: 0, max: deepest }), u32).map(([depth, bits]) => {
    const unit = 2 ** (32 - 4 * depth);
    return { depth, prefix: Math.floor(bits / unit) * unit };
  });

export const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ type: fc.constant('ping'), ...beat }),
  fc.record({ type: fc.constant('pong'), ...beat, seen: anyAddress }),
  fc.record({ type: fc.constant('news'), items: fc.array(anyItem, { maxLength: 9 }) }),
  fc.record({ type: fc.constant('want'), wants: fc.array(anyWant, { maxLength: 31 }) }),
  fc
    .tuple(anyPrefix(7), fc.array(u32, { minLength: 16, maxLength: 16 }))
    .map(
      ([prefix, digests]) => ({ type: 'summary', ...prefix, mode: 'digests', digests }) as const,
    ),
  fc
    .tuple(anyPrefix(8), fc.array(anyLeaf, { maxLength: 80 }))
    .map(([prefix, leaves]) => ({ type: 'summary', ...prefix, mode: 'leaves', leaves }) as const),
  fc.record({ type: fc.constant('seek'), target: anyNodeId, sequence: u32 }),
  fc.record({
    type: fc.constant('sought'),
    target: anyNodeId,
    age: maybe(fc.integer({ min: 0, max: 0xffff_fffe })),
    seen: maybe(anyAddress),
    record: anyRecordBytes,
  }),
  fc.record({
    type: fc.constant('introduce'),
    seeker: anyNodeId,
    address: anyAddress,
    record: anyRecordBytes,
  }),
);

/** Fields of a record by attic; few enough of each that all fit. */
export const anyRecord: fc.Arbitrary<RecordFields> = fc.record({
  cluster: anyCluster,
  id: fc.constant(attic.id),
  sequence: fc.integer({ min: 1, max: 0xffff_ffff }),
  beat: fc.integer({ min: 100, max: 3_600_000 }).map(millis),
  reachability: fc.constantFrom('unknown', 'open', 'mapped', 'random', 'blocked'),
  addresses: fc.uniqueArray(fc.record({ address: anyAddress, voters: u8 }), {
    maxLength: 6,
    selector: ({ address }) => addressKey(address),
  }),
  relays: fc.uniqueArray(anyNodeId, { maxLength: 3 }),
  services: fc.uniqueArray(anyName, { maxLength: 4 }),
  tags: fc.uniqueArray(
    fc.record({
      key: anyPrintable(1, 32).filter((key) => !key.includes('=')),
      value: anyPrintable(0, 64),
    }),
    { maxLength: 4, selector: ({ key }) => key },
  ),
});

const anyLink = {
  cluster: anyCluster,
  author: fc.constant(attic.id),
  number: fc.integer({ min: 2, max: 0xffff_ffff }),
  previous: anyOctets(32),
};

/** Acts by attic. */
export const anyAct: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    type: fc.constant('found'),
    cluster: fc.constant(undefined),
    author: fc.constant(attic.id),
    number: fc.constant(1),
    previous: fc.constant(new Uint8Array(32)),
    nonce: anyOctets(16),
    agreement: anyOctets(32),
    clusterName: anyName,
    name: anyName,
  }),
  fc.record({
    type: fc.constant('admit'),
    ...anyLink,
    id: anyNodeId,
    agreement: anyOctets(32),
    name: anyName,
    inviteKey: anyOctets(32),
    redemption: anyOctets(64),
    consent: anyOctets(64),
  }),
  fc.record({
    type: fc.constant('invite'),
    ...anyLink,
    key: anyOctets(32),
    uses: fc.integer({ min: 1, max: 0xffff }),
    expires: fc.maxSafeNat().map(wallTime),
  }),
  fc.record({ type: fc.constant('leave'), ...anyLink }),
  fc
    .record({
      type: fc.constant('remove' as const),
      ...anyLink,
      id: anyNodeId,
      last: u32,
      lastHash: anyOctets(32),
    })
    .map((act) => (act.last > 0 ? act : { ...act, lastHash: new Uint8Array(32) })),
);

export const anyToken: fc.Arbitrary<Token> = fc.record({
  cluster: anyCluster,
  maker: anyNodeId,
  secret: anyOctets(16),
  expires: u32.map((second) => wallTime(second * 1000)),
  at: fc.array(
    fc
      .tuple(fc.domain(), fc.integer({ min: 1, max: 65_535 }))
      .map(([host, port]) => `${host}:${String(port)}`)
      .filter(isTokenAddress),
    { maxLength: 8 },
  ),
});

export const anyFrame: fc.Arbitrary<JoinFrame> = fc.oneof(
  fc.record({
    type: fc.constant('request'),
    id: anyNodeId,
    agreement: anyOctets(32),
    name: anyName,
    inviteKey: anyOctets(32),
    redemption: anyOctets(64),
    consent: anyOctets(64),
  }),
  fc.record({ type: fc.constant('item'), item: anyItem }),
  fc.record({ type: fc.constant('done'), seen: maybe(anyAddress) }),
  fc.record({
    type: fc.constant('refused'),
    reason: fc.constantFrom(
      'spent',
      'expired',
      'unknown-invite',
      'name-taken',
      'malformed',
      'not-ready',
    ),
  }),
);
