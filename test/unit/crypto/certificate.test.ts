import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { connect, createServer } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import { certificatePublicKey, selfSignedCertificate } from '../../../src/crypto/certificate.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { flipped, octets } from './octets.ts';

const ATTIC = new Uint8Array(32).fill(1);
const CELLAR = new Uint8Array(32).fill(2);

/** A certificate of another kind, with a P-256 key, as OpenSSL makes it. */
const FOREIGN =
  'MIIBejCCAR+gAwIBAgIUTtABWY9VZUjUYA9/XH+QkRfwsqMwCgYIKoZIzj0EAwIw' +
  'EjEQMA4GA1UEAwwHZm9yZWlnbjAeFw0yNjExMjIxMTE3MTRaFw0zNjExMTkxMTE3' +
  'MTRaMBIxEDAOBgNVBAMMB2ZvcmVpZ24wWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC' +
  'AASkAu/wZA1heoJKlDiK8pvVpOB1MVA+hcLwGJ1L8OTvqwRrhGR4sVlpOPnmOlc3' +
  'C19BUYvHjpQkDa4lIMbftlGoo1MwUTAdBgNVHQ4EFgQUAgAuhHmk0xI7SfB7cTUC' +
  'LLfxFgkwHwYDVR0jBBgwFoAUAgAuhHmk0xI7SfB7cTUCLLfxFgkwDwYDVR0TAQH/' +
  'BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAxtvD2c+qOWkZ61lCteHyWKHp0v3F' +
  'njzDHuc6W3hYOdMCIQCtCB98+Sb5eMjVQfwttaekemjzQuvz2nD53RSxOXDaUQ==';

const derOf = (pem: string): Uint8Array => Uint8Array.from(new X509Certificate(pem).raw);

describe('selfSignedCertificate', () => {
  it('is X.509 v3 signed by its own key, without end and without authority', () => {
    const parsed = new X509Certificate(selfSignedCertificate(ATTIC).certificatePem);
    expect(parsed.subject).toBe('CN=flotilla');
    expect(parsed.issuer).toBe('CN=flotilla');
    expect(parsed.verify(parsed.publicKey)).toBe(true);
    expect(parsed.checkIssued(parsed)).toBe(true);
    expect(parsed.ca).toBe(false);
    expect(new Date(parsed.validFrom).getTime()).toBe(0);
    expect(parsed.validTo).toBe('Dec 31 23:59:59 9999 GMT');
  });

  it('follows from the seed alone, with a serial number of its own for each key', () => {
    expect(selfSignedCertificate(ATTIC)).toEqual(selfSignedCertificate(ATTIC));
    const serials = [ATTIC, CELLAR].map(
      (seed) => new X509Certificate(selfSignedCertificate(seed).certificatePem).serialNumber,
    );
    expect(serials[0]).not.toBe(serials[1]);
  });

  it('is strict DER with a positive serial number for every seed', () => {
    fc.assert(
      fc.property(octets(32), (seed) => {
        const { certificatePem, privateKeyPem } = selfSignedCertificate(seed);
        const parsed = new X509Certificate(certificatePem);
        expect(parsed.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
        expect(certificatePublicKey(Uint8Array.from(parsed.raw))).toEqual(
          nodeSuite.signingKey(seed),
        );
        expect(privateKeyPem).toMatch(/^-----BEGIN PRIVATE KEY-----\n[^]{64}\n-----END/);
      }),
      { numRuns: 20 },
    );
  });

  it.each([31, 33])('is not made of %d octets', (length) => {
    expect(() => selfSignedCertificate(new Uint8Array(length))).toThrow(InvariantError);
  });
});

describe('certificatePublicKey', () => {
  it('gives the raw key of an Ed25519 certificate', () => {
    const der = derOf(selfSignedCertificate(ATTIC).certificatePem);
    expect(certificatePublicKey(der)).toEqual(nodeSuite.signingKey(ATTIC));
  });

  it('gives nothing for a key of another kind', () => {
    const der = Uint8Array.from(Buffer.from(FOREIGN, 'base64'));
    expect(new X509Certificate(der).subject).toBe('CN=foreign');
    expect(certificatePublicKey(der)).toBeUndefined();
  });

  it('never throws, whatever octets it is given', () => {
    const der = derOf(selfSignedCertificate(ATTIC).certificatePem);
    fc.assert(
      fc.property(fc.uint8Array(), fc.nat({ max: der.length * 8 - 1 }), (garbage, bit) => {
        expect(certificatePublicKey(garbage)).toBeUndefined();
        const key = certificatePublicKey(flipped(der, bit));
        expect(key === undefined || key.length === 32).toBe(true);
        expect(certificatePublicKey(der.slice(0, bit >> 3))).toBeUndefined();
      }),
    );
  });
});

describe('TLS 1.3 with these certificates', () => {
  it('carries octets both ways, and each side finds the key of the other', async () => {
    const [server, client] = [selfSignedCertificate(ATTIC), selfSignedCertificate(CELLAR)];
    const options = { minVersion: 'TLSv1.3', rejectUnauthorized: false } as const;
    const listening = createServer({
      ...options,
      requestCert: true,
      cert: server.certificatePem,
      key: server.privateKeyPem,
    });
    listening.listen(0, '127.0.0.1');
    await once(listening, 'listening');
    const { port } = listening.address() as AddressInfo;
    const calling = connect({
      ...options,
      host: '127.0.0.1',
      port,
      cert: client.certificatePem,
      key: client.privateKeyPem,
    });
    try {
      const [[accepted]] = (await Promise.all([
        once(listening, 'secureConnection'),
        once(calling, 'secureConnect'),
      ])) as [[TLSSocket], unknown];
      expect(calling.getProtocol()).toBe('TLSv1.3');
      expect(keyBehind(calling)).toEqual(nodeSuite.signingKey(ATTIC));
      expect(keyBehind(accepted)).toEqual(nodeSuite.signingKey(CELLAR));
      accepted.on('data', (chunk: Buffer) => accepted.end(chunk));
      calling.write('ping');
      const [echo] = (await once(calling, 'data')) as [Buffer];
      expect(echo.toString()).toBe('ping');
    } finally {
      calling.destroy();
      listening.close();
    }
  });
});

function keyBehind(socket: TLSSocket): Uint8Array | undefined {
  return certificatePublicKey(Uint8Array.from(socket.getPeerCertificate().raw));
}
