import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../src/base/bytes.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { identityFrom } from '../../../src/crypto/identity.ts';
import { answerHello, beginHello, readAnswer, readHello } from '../../../src/crypto/noise.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { standInSuite as suite } from '../../../src/sim/stand-in.ts';

const random = new SeededRandom(5);
const seed = random.bytes(32);
const text = utf8('the boats are out');

describe('the stand-in for the cipher suite', () => {
  it('says in its name that it is not secure', () => {
    expect(suite.name).toMatch(/not secure/);
  });

  it('gives as many octets as the real suite, for everything', () => {
    const pairs = [suite, nodeSuite].map((one) => {
      const { public: publicKey, secret } = one.agreementKeyPair(seed);
      return [
        one.hash(text),
        one.hmac(seed, text),
        one.signingKey(seed),
        one.sign(seed, text),
        publicKey,
        secret,
        one.agree(seed, one.agreementKeyPair(random.bytes(32)).public) ?? [],
        one.seal(seed, 3, text, text),
      ].map((octets) => octets.length);
    });
    expect(pairs[0]).toEqual(pairs[1]);
  });

  it('opens what it sealed, and nothing in which an octet, the key or the counter differs', () => {
    const sealed = suite.seal(seed, 7, text, text);
    expect(suite.open(seed, 7, text, sealed)).toEqual(text);
    expect(suite.open(random.bytes(32), 7, text, sealed)).toBeUndefined();
    expect(suite.open(seed, 8, text, sealed)).toBeUndefined();
    expect(suite.open(seed, 7, utf8('other'), sealed)).toBeUndefined();
    for (let index = 0; index < sealed.length; index += 1) {
      const bent = sealed.map((octet, at) => (at === index ? octet ^ 1 : octet));
      expect(suite.open(seed, 7, text, bent)).toBeUndefined();
    }
    expect(suite.open(seed, 7, text, new Uint8Array(3))).toBeUndefined();
  });

  it('verifies a signature under its key and over its data alone', () => {
    const signature = suite.sign(seed, text);
    const publicKey = suite.signingKey(seed);
    expect(suite.verify(publicKey, text, signature)).toBe(true);
    expect(suite.verify(random.bytes(32), text, signature)).toBe(false);
    expect(suite.verify(publicKey, utf8('the boats are in'), signature)).toBe(false);
    expect(suite.verify(publicKey, text, signature.slice(1))).toBe(false);
  });

  it('agrees on one secret from both sides, and on another with anybody else', () => {
    const [one, other, third] = [1, 2, 3].map(() => suite.agreementKeyPair(random.bytes(32)));
    if (!one || !other || !third) throw new Error('three pairs were asked for');
    const shared = suite.agree(one.secret, other.public);
    expect(suite.agree(other.secret, one.public)).toEqual(shared);
    expect(suite.agree(third.secret, one.public)).not.toEqual(shared);
    expect(suite.agree(one.secret, new Uint8Array(31))).toBeUndefined();
  });

  it('gives different octets for inputs that differ little', () => {
    const digests = new Set<string>();
    for (let length = 0; length < 200; length += 1) {
      digests.add(suite.hash(new Uint8Array(length)).join());
      digests.add(suite.hash(new Uint8Array(64).fill(1, length % 64, (length % 64) + 1)).join());
    }
    expect(digests.size).toBe(200 + 64);
  });

  it('carries a whole handshake', () => {
    const [own, peer] = [1, 2].map(() => identityFrom(suite, random.bytes(32)));
    if (!own || !peer) throw new Error('two identities were asked for');
    const hello = beginHello(suite, text, own.agreement, random.bytes(32), peer.agreement.public);
    const read = readHello(suite, text, peer.agreement, hello?.message ?? text);
    if (!hello || !read) throw new Error('the hello was not read');
    const answer = answerHello(suite, read.state, random.bytes(32));
    const keys = readAnswer(suite, hello.state, own.agreement, answer?.message ?? text);
    expect(read.peerStatic).toEqual(own.agreement.public);
    expect(keys?.send).toEqual(answer?.keys.receive);
    expect(keys?.receive).toEqual(answer?.keys.send);
  });
});
