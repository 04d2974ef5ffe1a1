/** Secrets that this node hands out, and which of them a peer signs with. */

import { assert } from '../base/assert.ts';
import { toBase32 } from '../base/base32.ts';
import type { Bytes } from '../base/bytes.ts';
import { codeAt, sameCode } from '../crypto/totp.ts';
import { PENDING_SECRETS_MAX } from './config.ts';

/** Octets of a new secret: 160 bits, what RFC 4226 §4 recommends. */
const SECRET_OCTETS = 20;

/** A new secret of unpredictable octets, in the one spelling that every original reads. */
export function newSecret(entropy: Bytes): string {
  assert(entropy.length >= SECRET_OCTETS, 'a secret takes 20 unpredictable octets');
  return toBase32(entropy.subarray(0, SECRET_OCTETS)).toUpperCase();
}

/** A secret handed out, and to whom. */
export interface Handed {
  readonly secret: string;
  /** The IP address that asked for it. */
  readonly ip: string;
}

/** A code that was right. */
export interface Match {
  readonly step: number;
  readonly secret: string;
}

/**
 * The secrets one peer may sign with: the one in use, and those handed out since. A new one only
 * takes over when it is used from where the peer is known to be, because a connect can be replayed,
 * and must not lock the real peer out.
 */
export class Keyring {
  #used: string | undefined;
  #handed: Handed[];

  constructor(used?: string, handed: readonly Handed[] = []) {
    this.#used = used;
    this.#handed = handed.slice(-PENDING_SECRETS_MAX);
  }

  /** True when there is none. */
  get empty(): boolean {
    return this.#used === undefined && this.#handed.length === 0;
  }

  /** The one in use, or else the newest. */
  get current(): string | undefined {
    return this.#used ?? this.#handed.at(-1)?.secret;
  }

  get used(): string | undefined {
    return this.#used;
  }

  get handed(): readonly Handed[] {
    return this.#handed;
  }

  /**
   * Takes in a secret handed to `ip`, in place of an earlier one handed there. Of too many the
   * oldest goes that was not handed to `home`, where the peer is known to be.
   */
  hand(secret: string, ip: string, home: string | undefined): void {
    this.#handed = this.#handed.filter((one) => one.ip !== ip);
    if (this.#handed.length >= PENDING_SECRETS_MAX) {
      const victim = this.#handed.findIndex((one) => one.ip !== home);
      this.#handed.splice(Math.max(victim, 0), 1);
    }
    this.#handed.push({ secret, ip });
  }

  /** The secret and step of a code, of steps `now` ± 1 that are not older than `newest`. */
  match(code: string, now: number, newest: number): Match | undefined {
    const secrets = this.#handed.map(({ secret }) => secret).reverse();
    if (this.#used !== undefined) secrets.unshift(this.#used);
    for (const step of [now, now - 1, now + 1]) {
      if (step < newest || step < 0) continue;
      const secret = secrets.find((one) => sameCode(code, codeAt(one, step)));
      if (secret !== undefined) return { step, secret };
    }
    return undefined;
  }

  /** A code of this secret came from where the peer is known to be: the others end. */
  confirm(secret: string): boolean {
    // Codes of the old secret say nothing of those handed out since.
    if (this.#used === secret) return false;
    this.#used = secret;
    this.#handed = [];
    return true;
  }
}
