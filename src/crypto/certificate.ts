/**
 * The self-signed certificate that TLS asks for. Names and authorities in it mean nothing: who is
 * at the other end is told by the raw Ed25519 key alone, which is compared with the node ID
 * (PROTOCOL §9).
 */

import { X509Certificate } from 'node:crypto';
import { assert } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import { utf8 } from '../base/bytes.ts';
import { bits, der, explicit, pem, TAG } from './der.ts';
import { nodeSuite } from './node-suite.ts';

/*
 * A certificate here is only the envelope in which TLS 1.3 carries an Ed25519 key. The key is
 * pinned; the name, the dates and who signed it mean nothing. So it can be the same for ever:
 * it follows from the seed alone, and there is none to renew.
 */

const KEY_SIZE = 32;
/** What names every certificate: a name that told nodes apart would tell watchers too. */
const COMMON_NAME = 'flotilla';

/** id-Ed25519, 1.3.101.112 (RFC 8410 §3). */
const ED25519 = der(TAG.sequence, der(TAG.objectIdentifier, Uint8Array.of(0x2b, 0x65, 0x70)));
/** id-at-commonName, 2.5.4.3. */
const COMMON_NAME_ID = Uint8Array.of(0x55, 0x04, 0x03);
/** id-ce-basicConstraints, 2.5.29.19. */
const BASIC_CONSTRAINTS_ID = Uint8Array.of(0x55, 0x1d, 0x13);

/** What one certificate has of its own. */
export interface CertificateParts {
  /** 16 octets that no other certificate of this key has; two of their bits are set here. */
  readonly serial: Bytes;
  /** The AlgorithmIdentifier of its signature. */
  readonly algorithm: Bytes;
  /** SubjectPublicKeyInfo. */
  readonly publicKey: Bytes;
  readonly sign: (body: Bytes) => Bytes;
}

/** An X.509 v3 certificate for ever, named like all of ours, signed by its own key; DER. */
export function makeCertificate({ serial, algorithm, publicKey, sign }: CertificateParts): Bytes {
  const body = toBeSigned(serial, algorithm, publicKey);
  return der(TAG.sequence, body, algorithm, bits(sign(body)));
}

/** What the signature covers (RFC 5280 §4.1.2). */
function toBeSigned(number: Bytes, algorithm: Bytes, publicKey: Bytes): Bytes {
  // Positive and free of leading zeros; at most 20 octets are allowed.
  const serial = number.slice();
  serial[0] = 0x40 | ((serial[0] ?? 0) & 0x3f);
  const attribute = [
    der(TAG.objectIdentifier, COMMON_NAME_ID),
    der(TAG.utf8String, utf8(COMMON_NAME)),
  ];
  const name = der(TAG.sequence, der(TAG.set, der(TAG.sequence, ...attribute)));
  // Clocks decide nothing: from 1970 to the date that means "no end" (RFC 5280 §4.1.2.5).
  const validity = der(
    TAG.sequence,
    der(TAG.utcTime, utf8('700101000000Z')),
    der(TAG.generalizedTime, utf8('99991231235959Z')),
  );
  const notAnAuthority = der(
    TAG.sequence,
    der(TAG.objectIdentifier, BASIC_CONSTRAINTS_ID),
    der(TAG.boolean, Uint8Array.of(0xff)),
    der(TAG.octetString, der(TAG.sequence)),
  );
  return der(
    TAG.sequence,
    der(explicit(0), der(TAG.integer, Uint8Array.of(2))),
    der(TAG.integer, serial),
    ...[algorithm, name, validity, name, publicKey],
    der(explicit(3), der(TAG.sequence, notAnAuthority)),
  );
}

/**
 * An X.509 v3 certificate for the Ed25519 key of a 32-octet seed, signed by that key, and the key
 * as PKCS #8, both as PEM for `node:tls`. The same seed gives the same text.
 */
export function selfSignedCertificate(seed: Bytes): {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
} {
  assert(seed.length === KEY_SIZE, 'a certificate is made of a 32-octet seed');
  const publicKey = nodeSuite.signingKey(seed);
  const certificate = makeCertificate({
    serial: nodeSuite.hash(publicKey).slice(0, 16),
    algorithm: ED25519,
    publicKey: der(TAG.sequence, ED25519, bits(publicKey)),
    sign: (body) => nodeSuite.sign(seed, body),
  });
  const version = der(TAG.integer, Uint8Array.of(0));
  const secret = der(TAG.octetString, der(TAG.octetString, seed));
  const key = der(TAG.sequence, version, ED25519, secret);
  return {
    certificatePem: pem('CERTIFICATE', certificate),
    privateKeyPem: pem('PRIVATE KEY', key),
  };
}

/**
 * The raw 32-octet Ed25519 key in a peer's DER certificate; undefined for anything else. Nothing
 * but the key is looked at: TLS itself proves that the peer holds it.
 */
export function certificatePublicKey(derCertificate: Bytes): Bytes | undefined {
  try {
    const { publicKey } = new X509Certificate(derCertificate);
    if (publicKey.asymmetricKeyType !== 'ed25519') return undefined;
    const { x } = publicKey.export({ format: 'jwk' });
    const raw = typeof x === 'string' ? Uint8Array.from(Buffer.from(x, 'base64url')) : undefined;
    return raw?.length === KEY_SIZE ? raw : undefined;
  } catch {
    return undefined;
  }
}
