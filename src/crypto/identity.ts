/** Who a node is: a seed of 32 bytes, and all that is derived from it (PROTOCOL §1). */

import { assert } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import { utf8 } from '../base/bytes.ts';
import type { NodeId } from '../base/id.ts';
import { nodeIdOf } from '../base/id.ts';
import { hkdf } from './hash.ts';
import type { KeyPair, Suite } from './suite.ts';

/**
 * Who this node is: everything follows from one 32-octet seed on disk. `publicKey` (Ed25519) is
 * what the node ID spells, `agreement` (X25519) is what sessions are agreed with.
 */
export interface Identity {
  readonly id: NodeId;
  /** The secret behind all the rest, 32 octets. */
  readonly seed: Bytes;
  /** Ed25519, 32 octets. */
  readonly publicKey: Bytes;
  /** X25519; its secret is derived from the seed, so that one file is the whole identity. */
  readonly agreement: KeyPair;
  /** Ed25519 signature of 64 octets. */
  sign(data: Bytes): Bytes;
}

const SEED_SIZE = 32;

/** A name of its own, so that neither key helps against the other (RFC 5869 §3.2). */
const AGREEMENT_INFO = utf8('flotilla v2 agreement');

/** Secrets stay in private fields: printing an identity shows its ID and nothing else. */
class SeededIdentity implements Identity {
  readonly id: NodeId;
  readonly #suite: Suite;
  readonly #seed: Bytes;
  readonly #publicKey: Bytes;
  readonly #agreement: KeyPair;

  constructor(suite: Suite, seed: Bytes) {
    this.#suite = suite;
    this.#seed = seed;
    this.#publicKey = suite.signingKey(seed);
    const secret = hkdf(suite, new Uint8Array(0), seed, AGREEMENT_INFO, SEED_SIZE);
    this.#agreement = suite.agreementKeyPair(secret);
    this.id = nodeIdOf(this.#publicKey);
  }

  get seed(): Bytes {
    return this.#seed;
  }

  get publicKey(): Bytes {
    return this.#publicKey;
  }

  get agreement(): KeyPair {
    return this.#agreement;
  }

  sign(data: Bytes): Bytes {
    return this.#suite.sign(this.#seed, data);
  }

  toJSON(): { readonly id: NodeId } {
    return { id: this.id };
  }
}

/** The identity of a 32-octet seed; the same seed gives the same node for ever. */
export function identityFrom(suite: Suite, seed: Bytes): Identity {
  assert(seed.length === SEED_SIZE, 'an identity is made of 32 octets');
  // A copy: whoever wipes or reuses the array it came in must not change who this node is.
  return new SeededIdentity(suite, Uint8Array.from(seed));
}
