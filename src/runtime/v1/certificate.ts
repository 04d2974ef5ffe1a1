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
import { makeCertificate } from '../../crypto/certificate.ts';
import { der, pem, TAG } from '../../crypto/der.ts';

/** A certificate with its key, both PEM. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

/** AlgorithmIdentifier ecdsa-with-SHA256, 1.2.840.10045.4.3.2 (RFC 5758 §3.2). */
const ECDSA_SHA256 = der(
  TAG.sequence,
  der(TAG.objectIdentifier, Buffer.from('2a8648ce3d040302', 'hex')),
);

/** Makes one, good for ever: clocks decide nothing, and there is nobody to renew it. */
export function makePair(): CertificatePair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificate = makeCertificate({
    serial: randomBytes(16),
    algorithm: ECDSA_SHA256,
    publicKey: publicKey.export({ type: 'spki', format: 'der' }),
    sign: (body) => sign('sha256', body, privateKey),
  });
  return {
    cert: pem('CERTIFICATE', certificate),
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
