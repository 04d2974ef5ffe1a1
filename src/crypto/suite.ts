import type { Bytes } from '../base/bytes.ts';

/** A secret and what may be told of it. The secret does not show when the pair is printed. */
export interface KeyPair {
  readonly secret: Bytes;
  readonly public: Bytes;
}

/**
 * All the cryptography the project uses, as plain synchronous functions over octets. An interface,
 * so that the machine names no library, and so that large simulations may use a stand-in with the
 * same sizes (which says so in its output).
 *
 * A key or seed of the wrong length is our own mistake and an `InvariantError`; anything a peer can
 * have made gives false or undefined.
 */
export interface Suite {
  /** Said in `status` and in the output of simulations. */
  readonly name: string;

  /** SHA-256 (FIPS 180-4): 32 octets. */
  hash(data: Bytes): Bytes;

  /** HMAC-SHA-256 (RFC 2104): 32 octets. */
  hmac(key: Bytes, data: Bytes): Bytes;

  /** The Ed25519 public key (32 octets) of a 32-octet seed (RFC 8032 §5.1.5). */
  signingKey(seed: Bytes): Bytes;

  /** Ed25519 signature (64 octets) with a 32-octet seed (RFC 8032 §5.1.6). */
  sign(seed: Bytes, data: Bytes): Bytes;

  /** True for a valid Ed25519 signature (RFC 8032 §5.1.7); false, never an error, otherwise. */
  verify(publicKey: Bytes, data: Bytes, signature: Bytes): boolean;

  /** The X25519 key pair of a 32-octet secret (RFC 7748 §5). */
  agreementKeyPair(secret: Bytes): KeyPair;

  /** X25519 (RFC 7748 §6.1): 32 octets; undefined for a point of low order or wrong length. */
  agree(secret: Bytes, publicKey: Bytes): Bytes | undefined;

  /**
   * ChaCha20-Poly1305 (RFC 8439 §2.8): ciphertext and 16 octets of tag. The nonce is four zero
   * octets and `counter` as 64 bits little-endian (Noise §12.3); a counter is used once per key.
   */
  seal(key: Bytes, counter: number, associated: Bytes, plaintext: Bytes): Bytes;

  /** What {@link Suite.seal} sealed; undefined when anything at all differs. */
  open(key: Bytes, counter: number, associated: Bytes, ciphertext: Bytes): Bytes | undefined;
}
