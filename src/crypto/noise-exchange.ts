/**
 * Noise's symmetric state: what both sides of a handshake mix, hash and derive alike (Noise §5.2).
 */

import type { Bytes } from '../base/bytes.ts';
import { concat } from '../base/bytes.ts';
import { noiseHkdf } from './hash.ts';
import type { KeyPair, Suite } from './suite.ts';

const EMPTY: Bytes = new Uint8Array(0);

/** Noise's symmetric state (§5.2) between two messages; hidden, for the chaining key is secret. */
export class Symmetric {
  readonly #chainingKey: Bytes;
  readonly #hash: Bytes;

  constructor(chainingKey: Bytes, hash: Bytes) {
    this.#chainingKey = chainingKey;
    this.#hash = hash;
  }

  get chainingKey(): Bytes {
    return this.#chainingKey;
  }

  get hash(): Bytes {
    return this.#hash;
  }
}

/**
 * One message being written or read: the symmetric state in motion. A failed agreement or seal
 * poisons it, so that callers read straight through and ask once. A key is used for one seal only
 * before the next `mixKey` replaces it; the counter therefore is always 0.
 */
export class Exchange {
  #chainingKey: Bytes;
  #hash: Bytes;
  #key: Bytes = EMPTY;
  #failed = false;
  readonly #suite: Suite;

  constructor(suite: Suite, from: { readonly chainingKey: Bytes; readonly hash: Bytes }) {
    this.#suite = suite;
    this.#chainingKey = from.chainingKey;
    this.#hash = from.hash;
  }

  get failed(): boolean {
    return this.#failed;
  }

  get hash(): Bytes {
    return this.#hash;
  }

  mixHash(data: Bytes): void {
    this.#hash = this.#suite.hash(concat(this.#hash, data));
  }

  /** MixKey(DH(own, peer)); a point of low order fails, since its secret is known to everybody. */
  mixAgreement(own: KeyPair, peer: Bytes): void {
    const shared = this.#failed ? undefined : this.#suite.agree(own.secret, peer);
    if (shared === undefined) this.#failed = true;
    else [this.#chainingKey, this.#key] = noiseHkdf(this.#suite, this.#chainingKey, shared);
  }

  /** EncryptAndHash. */
  seal(plaintext: Bytes): Bytes {
    if (this.#failed) return EMPTY;
    const sealed = this.#suite.seal(this.#key, 0, this.#hash, plaintext);
    this.mixHash(sealed);
    return sealed;
  }

  /** DecryptAndHash. */
  open(sealed: Bytes): Bytes {
    const plaintext = this.#failed ? undefined : this.#suite.open(this.#key, 0, this.#hash, sealed);
    if (plaintext === undefined) {
      this.#failed = true;
      return EMPTY;
    }
    this.mixHash(sealed);
    return plaintext;
  }

  pause(): Symmetric {
    return new Symmetric(this.#chainingKey, this.#hash);
  }

  /** Split() (§5.2): the initiator sends with the first key and the responder with the second. */
  split(): [Bytes, Bytes] {
    return noiseHkdf(this.#suite, this.#chainingKey, EMPTY);
  }
}
