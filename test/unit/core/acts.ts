/** Clusters made of signed acts: honest ones by plain calls, hostile ones link by link. */
import { concat, toHex, type Bytes } from '../../../src/base/bytes.ts';
import type { ClusterId, NodeName } from '../../../src/base/id.ts';
import { wallTime } from '../../../src/base/time.ts';
import { identityFrom, type Identity } from '../../../src/crypto/identity.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import type { Suite } from '../../../src/crypto/suite.ts';
import { clusterOf, consentInput, redemptionInput, signAct } from '../../../src/wire/act.ts';
import type { AdmitAct, SignedAct } from '../../../src/wire/act.ts';
import { inviteKeyOf } from '../../../src/wire/token.ts';
import { Membership, type ActBody } from '../../../src/core/membership.ts';

const ZEROS = new Uint8Array(32);

/** Signatures that anybody can forge, a hundred times as fast: for tests at the bounds only. */
export const fastSuite: Suite = {
  ...nodeSuite,
  name: 'fast and worthless',
  signingKey: (seed) => nodeSuite.hash(seed),
  sign: (seed, data) => tagOf(nodeSuite.hash(seed), data),
  verify: (key, data, signature) => toHex(tagOf(key, data)) === toHex(signature),
  agreementKeyPair: (secret) => ({ secret, public: nodeSuite.hash(secret) }),
};

function tagOf(key: Bytes, data: Bytes): Bytes {
  const tag = nodeSuite.hmac(key, data);
  return concat(tag, tag);
}

export function seedOf(text: string): Bytes {
  return nodeSuite.hash(new Uint8Array([...text].map((letter) => letter.charCodeAt(0))));
}

export function identityOf(text: string, suite: Suite = nodeSuite): Identity {
  return identityFrom(suite, seedOf(text));
}

export function named(text: string): NodeName {
  return text as NodeName;
}

/** One author's chain, which signs whatever it is told to. */
export class Author {
  readonly identity: Identity;
  readonly cluster: ClusterId;
  readonly suite: Suite;
  readonly chain: SignedAct[];

  constructor(
    identity: Identity,
    cluster: ClusterId,
    chain: SignedAct[] = [],
    suite: Suite = nodeSuite,
  ) {
    this.identity = identity;
    this.cluster = cluster;
    this.chain = chain;
    this.suite = suite;
  }

  /** The act with this body after the ones signed so far; the chain takes it up. */
  sign(body: ActBody): SignedAct {
    const signed = this.signAt(this.chain.length + 1, body);
    this.chain.push(signed);
    return signed;
  }

  /** An act of this number that the chain does not take up: a fork, unless it is the next. */
  signAt(number: number, body: ActBody): SignedAct {
    const previous = number === 1 ? ZEROS : (this.chain[number - 2]?.hash ?? ZEROS);
    const link = { cluster: this.cluster, author: this.identity.id, number, previous };
    return signAct(this.suite, this.identity, { ...body, ...link });
  }

  /** A second chain that shares the acts below `number` with this one. */
  branch(number: number): Author {
    return new Author(this.identity, this.cluster, this.chain.slice(0, number - 1), this.suite);
  }

  invite(secret: string, uses = 1): SignedAct {
    return this.sign(inviteBody(secret, uses, this.suite));
  }

  admit(joiner: Identity, name: string, secret: string): SignedAct {
    return this.sign(admitBody(this.cluster, joiner, name, secret, this.suite));
  }
}

export function inviteBody(secret: string, uses = 1, suite: Suite = nodeSuite): ActBody {
  const { public: key } = inviteKeyOf(suite, seedOf(secret).slice(0, 16));
  return { type: 'invite', key, uses, expires: wallTime(1_000_000) };
}

/** Admits `joiner`, who agreed to it; its `agreement` key may be one that it should not have. */
export function admitBody(
  cluster: ClusterId,
  joiner: Identity,
  name: string,
  secret: string,
  suite: Suite = nodeSuite,
  agreement: Bytes = joiner.agreement.public,
): Extract<ActBody, Pick<AdmitAct, 'type'>> {
  const { seed, public: inviteKey } = inviteKeyOf(suite, seedOf(secret).slice(0, 16));
  const { id } = joiner;
  const shown = named(name);
  const redemption = suite.sign(seed, redemptionInput(cluster, inviteKey, id, agreement, shown));
  const consent = joiner.sign(consentInput(cluster, inviteKey, id, agreement, shown));
  return { type: 'admit', id, agreement, name: shown, inviteKey, redemption, consent };
}

/** Removes the author of a chain; its acts up to number `last`, as this chain has them, stay. */
export function removeBody(
  target: Author,
  last = target.chain.length,
): Extract<ActBody, { readonly type: 'remove' }> {
  const lastHash = target.chain[last - 1]?.hash ?? ZEROS;
  return { type: 'remove', id: target.identity.id, last, lastHash };
}

/** The author of a founding. */
export function found(name: string, clusterName = 'lake', suite: Suite = nodeSuite): Author {
  const identity = identityOf(name, suite);
  const signed = signAct(suite, identity, {
    type: 'found',
    cluster: undefined,
    author: identity.id,
    number: 1,
    previous: ZEROS,
    nonce: seedOf(clusterName).slice(0, 16),
    agreement: identity.agreement.public,
    clusterName,
    name: named(name),
  });
  return new Author(identity, clusterOf(suite, signed), [signed], suite);
}

/** A cluster whose founder admitted these machines, each on an invite of its own. */
export function clusterOfMachines(
  founderName: string,
  ...names: readonly string[]
): { readonly founder: Author; readonly joined: readonly Author[] } {
  const founder = found(founderName);
  const joined = names.map((name) => {
    founder.invite(`to ${name}`);
    founder.admit(identityOf(name), name, `to ${name}`);
    return new Author(identityOf(name), founder.cluster);
  });
  return { founder, joined };
}

export function membershipOf(self: Author, ...authors: readonly Author[]): Membership {
  const acts = [self, ...authors].flatMap(({ chain }) => chain.map(({ bytes }) => bytes));
  return new Membership(self.suite, self.identity.id, acts);
}

/**
 * Adds acts in this order, those too early again and again, until nothing changes any more: not
 * even how far they are from being kept.
 */
export function deliver(membership: Membership, acts: readonly Bytes[]): void {
  let before: readonly number[] = [];
  for (let changed = true; changed;) {
    const missing: number[] = [];
    changed = false;
    for (const bytes of acts) {
      const verdict = membership.add(bytes);
      if (verdict.type === 'added' || (verdict.type === 'fork' && verdict.replaced)) changed = true;
      missing.push(verdict.type === 'early' ? verdict.have : -1);
    }
    changed ||= missing.some((have, index) => have !== before[index]);
    before = missing;
  }
}

/** All on which nodes that hold the same acts must agree. */
export function outcome(membership: Membership): unknown {
  return {
    nodes: membership
      .everyone()
      .map(({ id, name, state, agreement }) => [id, name, state, toHex(agreement)]),
    acts: membership
      .all()
      .map((bytes) => toHex(nodeSuite.hash(bytes)))
      .toSorted(),
  };
}
