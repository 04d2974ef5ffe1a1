/**
 * The self-signed certificate that TLS asks for. Names and authorities in it mean nothing: who is
 * at the other end is told by the raw Ed25519 key alone, which is compared with the node ID
 * (PROTOCOL §9).
 */

import { X509Certificate } from 'node:crypto';
import { assert } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import { concat, utf8 } from '../base/bytes.ts';
import { nodeSuite } from './node-suite.ts';

/*
 * A certificate here is only the envelope in which TLS 1.3 carries an Ed25519 key. The key is
 * pinned; the name, the dates and who signed it mean nothing. So it can be the same for ever:
 * it follows from the seed alone, and there is none to renew.
 */

const KEY_SIZE = 32;
/** What names every certificate: a name that told nodes apart would tell watchers too. */
const COMMON_NAME = 'flotilla';

/** ASN.1 tags (X.690 §8) that a certificate needs. */
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const SEQUENCE = 0x30;
const SET = 0x31;
const BOOLEAN = 0x01;
const explicit = (tag: number): number => 0xa0 | tag;

/** id-Ed25519, 1.3.101.112 (RFC 8410 §3). */
const ED25519 = der(SEQUENCE, der(OBJECT_IDENTIFIER, Uint8Array.of(0x2b, 0x65, 0x70)));
/** id-at-commonName, 2.5.4.3. */
const COMMON_NAME_ID = Uint8Array.of(0x55, 0x04, 0x03);
/** id-ce-basicConstraints, 2.5.29.19. */
const BASIC_CONSTRAINTS_ID = Uint8Array.of(0x55, 0x1d, 0x13);

/** One element: tag, length, contents (X.690 §8.1). */
function der(tag: number, ...contents: readonly Bytes[]): Bytes {
  const body = concat(...contents);
  assert(body.length < 0x1_0000, 'no element of a certificate is that long');
  if (body.length < 0x80) return concat(Uint8Array.of(tag, body.length), body);
  const [high, low] = [body.length >> 8, body.length & 0xff];
  const length = high === 0 ? [0x81, low] : [0x82, high, low];
  return concat(Uint8Array.of(tag, ...length), body);
}

function bits(contents: Bytes): Bytes {
  return der(BIT_STRING, Uint8Array.of(0), contents);
}

/** What the signature covers (RFC 5280 §4.1.2). */
function toBeSigned(publicKey: Bytes): Bytes {
  // 16 octets of hash, made positive and free of leading zeros: at most 20 are allowed.
  const serial = nodeSuite.hash(publicKey).slice(0, 16);
  serial[0] = 0x40 | ((serial[0] ?? 0) & 0x3f);
  const attribute = [der(OBJECT_IDENTIFIER, COMMON_NAME_ID), der(UTF8_STRING, utf8(COMMON_NAME))];
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, ...attribute)));
  // Clocks decide nothing: from 1970 to the date that means "no end" (RFC 5280 §4.1.2.5).
  const validity = der(
    SEQUENCE,
    der(UTC_TIME, utf8('700101000000Z')),
    der(GENERALIZED_TIME, utf8('99991231235959Z')),
  );
  const notAnAuthority = der(
    SEQUENCE,
    der(OBJECT_IDENTIFIER, BASIC_CONSTRAINTS_ID),
    der(BOOLEAN, Uint8Array.of(0xff)),
    der(OCTET_STRING, der(SEQUENCE)),
  );
  return der(
    SEQUENCE,
    der(explicit(0), der(INTEGER, Uint8Array.of(2))),
    der(INTEGER, serial),
    ED25519,
    name,
    validity,
    name,
    der(SEQUENCE, ED25519, bits(publicKey)),
    der(explicit(3), der(SEQUENCE, notAnAuthority)),
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
  const body = toBeSigned(nodeSuite.signingKey(seed));
  const certificate = der(SEQUENCE, body, ED25519, bits(nodeSuite.sign(seed, body)));
  const version = der(INTEGER, Uint8Array.of(0));
  const key = der(SEQUENCE, version, ED25519, der(OCTET_STRING, der(OCTET_STRING, seed)));
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

/** RFC 7468 §2: base64 in lines of 64 characters between two labels. */
function pem(label: string, contents: Bytes): string {
  const lines =
    Buffer.from(contents)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
