/**
 * The certificate of an HTTPS endpoint whose operator gave none: self-signed with an ECDSA P-256
 * key, which every HTTPS client knows. Peers pin its key; the name and the dates mean nothing.
 */

import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
} from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { UserError } from '../../base/errors.ts';

/** A certificate with its key, both PEM. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

/** ASN.1 tags (X.690 §8). */
const [INTEGER, BIT_STRING, OBJECT_IDENTIFIER] = [0x02, 0x03, 0x06] as const;
const [UTF8_STRING, UTC_TIME, GENERALIZED_TIME] = [0x0c, 0x17, 0x18] as const;
const [SEQUENCE, SET, VERSION] = [0x30, 0x31, 0xa0] as const;

/** ecdsa-with-SHA256, 1.2.840.10045.4.3.2 (RFC 5758 §3.2). */
const ECDSA_SHA256 = '2a8648ce3d040302';
/** id-at-commonName, 2.5.4.3. */
const COMMON_NAME = '550403';
/** What names every certificate: a name that told nodes apart would tell watchers too. */
const NAME = 'flotilla';

/** Makes one, good for ever: clocks decide nothing, and there is nobody to renew it. */
export function makeCertificate(): CertificatePair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const algorithm = der(SEQUENCE, der(OBJECT_IDENTIFIER, Buffer.from(ECDSA_SHA256, 'hex')));
  const attribute = [
    der(OBJECT_IDENTIFIER, Buffer.from(COMMON_NAME, 'hex')),
    der(UTF8_STRING, Buffer.from(NAME)),
  ];
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, ...attribute)));
  // From 1970 to the date that means "no end" (RFC 5280 §4.1.2.5).
  const validity = der(
    SEQUENCE,
    der(UTC_TIME, Buffer.from('700101000000Z')),
    der(GENERALIZED_TIME, Buffer.from('99991231235959Z')),
  );
  const serial = randomBytes(16);
  // Positive and without leading zeros (RFC 5280 §4.1.2.2).
  serial[0] = 0x40 | ((serial[0] ?? 0) & 0x3f);
  const version = der(VERSION, der(INTEGER, Buffer.of(2)));
  const body = der(
    SEQUENCE,
    ...[version, der(INTEGER, serial), algorithm, name, validity, name, spki],
  );
  const signature = der(BIT_STRING, Buffer.of(0), sign('sha256', body, privateKey));
  return {
    cert: pem('CERTIFICATE', der(SEQUENCE, body, algorithm, signature)),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** Refuses a pair that no server can use; `names` are the files', for the message. */
export function checkCertificate(
  { cert, key }: CertificatePair,
  names: { readonly cert: string; readonly key: string },
): void {
  let wrong: string | undefined;
  try {
    createPublicKey(createPrivateKey(key));
  } catch {
    wrong = `${names.key} holds no private key in PEM`;
  }
  try {
    if (wrong === undefined) createSecureContext({ cert, key });
  } catch {
    // OpenSSL's own words quote nothing secret, but help nobody.
    wrong = `${names.cert} holds no certificate in PEM that fits the key in ${names.key}`;
  }
  if (wrong === undefined) return;
  throw new UserError(
    'v1-certificate-invalid',
    `The certificate can't be used: ${wrong}.`,
    'Give both as PEM files, the key without a password; or say --v1-https alone.',
  );
}

/** One element: tag, length, contents (X.690 §8.1). */
function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const body = Buffer.concat(contents);
  if (body.length < 0x80) return Buffer.concat([Buffer.of(tag, body.length), body]);
  const [high, low] = [body.length >> 8, body.length & 0xff];
  const length = high === 0 ? [0x81, low] : [0x82, high, low];
  return Buffer.concat([Buffer.of(tag, ...length), body]);
}

function pem(label: string, octets: Buffer): string {
  const lines = octets.toString('base64').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}
