/** A key pair that does not show its secret when it is printed, inspected or turned into JSON. */

import type { Bytes } from '../base/bytes.ts';
import type { KeyPair } from './suite.ts';

/** Keeps the secret in a private field, which neither JSON nor `util.inspect` can see. */
class HiddenKeyPair implements KeyPair {
  readonly public: Bytes;
  readonly #secret: Bytes;

  constructor(secret: Bytes, publicKey: Bytes) {
    this.#secret = secret;
    this.public = publicKey;
  }

  get secret(): Bytes {
    return this.#secret;
  }
}

/** A key pair whose secret never shows in logs, error messages, JSON or a debugger's print. */
export function hiddenKeyPair(secret: Bytes, publicKey: Bytes): KeyPair {
  return new HiddenKeyPair(secret, publicKey);
}
