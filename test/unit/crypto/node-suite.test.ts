import fc from 'fast-check';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import { concat, toHex, utf8 } from '../../../src/base/bytes.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { flipped, hex, octets } from './octets.ts';
import { referenceSeal } from './reference.ts';

const KEY = new Uint8Array(32).fill(7);
const EMPTY = new Uint8Array(0);

describe('hash and hmac', () => {
  it('are SHA-256 and HMAC-SHA-256', () => {
    // FIPS 180-4's example, and test case 2 of RFC 4231 §4.3.
    expect(toHex(nodeSuite.hash(utf8('abc')))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
    expect(toHex(nodeSuite.hmac(utf8('Jefe'), utf8('what do ya want for nothing?')))).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
  });

  it('take empty keys and data', () => {
    expect(nodeSuite.hash(EMPTY).length).toBe(32);
    expect(nodeSuite.hmac(EMPTY, EMPTY).length).toBe(32);
  });
});

describe('Ed25519', () => {
  // RFC 8032 §7.1, tests 1, 2, 3 and SHA(abc).
  it.each([
    [
      '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      '',
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac' +
        'c61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    ],
    [
      '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
      '72',
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e' +
        '458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    ],
    [
      'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
      'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
      'af82',
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290' +
        'ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
    ],
    [
      '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42',
      'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a8' +
        '36ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
      'dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ec' +
        'fdfbc7c66431e0303dca179c138ac17ad9bef1177331a704',
    ],
  ])('signs and verifies as RFC 8032 §7.1 does: %s', (secret, publicKey, data, signature) => {
    expect(toHex(nodeSuite.signingKey(hex(secret)))).toBe(publicKey);
    expect(toHex(nodeSuite.sign(hex(secret), hex(data)))).toBe(signature);
    expect(nodeSuite.verify(hex(publicKey), hex(data), hex(signature))).toBe(true);
  });

  it('refuses a signature when any bit of key, text or signature is turned', () => {
    const key = nodeSuite.signingKey(KEY);
    const data = utf8('attic is at 192.0.2.1');
    const signature = nodeSuite.sign(KEY, data);
    fc.assert(
      fc.property(fc.nat({ max: 511 }), (bit) => {
        expect(nodeSuite.verify(flipped(key, bit % 256), data, signature)).toBe(false);
        expect(nodeSuite.verify(key, flipped(data, bit), signature)).toBe(false);
        expect(nodeSuite.verify(key, data, flipped(signature, bit))).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  it('says false, and never throws, on any garbage', () => {
    const any = fc.uint8Array({ maxLength: 80 });
    fc.assert(
      fc.property(fc.oneof(any, octets(32)), any, fc.oneof(any, octets(64)), (key, data, sig) => {
        expect(nodeSuite.verify(key, data, sig)).toBe(false);
      }),
    );
  });

  it('refuses keys of small order, for which one signature fits every text', () => {
    // R = the neutral point and S = 0 satisfy the equation of RFC 8032 §5.1.7 under such a key.
    const signature = concat(Uint8Array.of(1), new Uint8Array(63));
    const small = [
      '0100000000000000000000000000000000000000000000000000000000000000',
      '0100000000000000000000000000000000000000000000000000000000000080',
      '0000000000000000000000000000000000000000000000000000000000000000',
      '0000000000000000000000000000000000000000000000000000000000000080',
      '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
      '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
      'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    ];
    for (const key of small) {
      for (let text = 0; text < 16; text += 1) {
        expect(nodeSuite.verify(hex(key), Uint8Array.of(text), signature)).toBe(false);
      }
    }
  });

  it('treats a seed of another length as its own mistake, without quoting it', () => {
    const short = utf8('hunter2');
    expect(() => nodeSuite.sign(short, EMPTY)).toThrow(InvariantError);
    expect(() => nodeSuite.signingKey(short)).toThrow(InvariantError);
    expect(() => nodeSuite.sign(short, EMPTY)).not.toThrow('hunter2');
  });

  it('goes by what a seed array holds now, not by what it held before', () => {
    const seed = new Uint8Array(32).fill(1);
    const before = nodeSuite.signingKey(seed);
    seed.fill(2);
    expect(nodeSuite.signingKey(seed)).not.toEqual(before);
    expect(nodeSuite.signingKey(new Uint8Array(32).fill(2))).toEqual(nodeSuite.signingKey(seed));
  });

  it('does not mix up one array used as a secret on both curves', () => {
    const seed = new Uint8Array(32).fill(3);
    const signing = nodeSuite.signingKey(seed);
    const agreement = nodeSuite.agreementKeyPair(seed).public;
    expect(nodeSuite.signingKey(seed)).toEqual(signing);
    expect(nodeSuite.agreementKeyPair(seed).public).toEqual(agreement);
    expect(agreement).not.toEqual(signing);
  });

  it('goes on when more keys were used than it remembers', () => {
    const key = nodeSuite.signingKey(KEY);
    const signature = nodeSuite.sign(KEY, EMPTY);
    expect(nodeSuite.verify(key, EMPTY, signature)).toBe(true);
    for (let index = 0; index < 4200; index += 1) {
      const other = Uint8Array.from(KEY);
      other.set([index >> 8, index & 255]);
      nodeSuite.verify(other, EMPTY, signature);
    }
    expect(nodeSuite.verify(key, EMPTY, signature)).toBe(true);
  });
});

describe('X25519', () => {
  const alice = hex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a');
  const bob = hex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb');

  it('agrees as RFC 7748 §6.1 does', () => {
    const [one, two] = [nodeSuite.agreementKeyPair(alice), nodeSuite.agreementKeyPair(bob)];
    expect(toHex(one.public)).toBe(
      '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
    );
    expect(toHex(two.public)).toBe(
      'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
    );
    const shared = hex('4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742');
    expect(nodeSuite.agree(one.secret, two.public)).toEqual(shared);
    expect(nodeSuite.agree(two.secret, one.public)).toEqual(shared);
  });

  // RFC 7748 §5.2; the second point has its highest bit set, which must be ignored.
  it.each([
    [
      'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
      'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
      'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
    ],
    [
      '4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d',
      'e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493',
      '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957',
    ],
  ])('multiplies as RFC 7748 §5.2 does: %s', (scalar, point, product) => {
    expect(nodeSuite.agree(hex(scalar), hex(point))).toEqual(hex(product));
  });

  it('refuses points of low order, whose product everybody knows', () => {
    // 0, 1, both points of order 8, p − 1, p, p + 1 (RFC 7748 §7, draft-irtf-cfrg-curves).
    const low = [
      '0000000000000000000000000000000000000000000000000000000000000000',
      '0100000000000000000000000000000000000000000000000000000000000000',
      'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
      '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
      'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    ];
    for (const point of low) expect(nodeSuite.agree(alice, hex(point))).toBeUndefined();
  });

  it('gives 32 octets or nothing, and never throws, for any public key', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 40 }), octets(32)), (key) => {
        const shared = nodeSuite.agree(alice, key);
        expect(shared === undefined || shared.length === 32).toBe(true);
        if (key.length !== 32) expect(shared).toBeUndefined();
      }),
    );
  });

  it('agrees both ways for any two secrets', () => {
    fc.assert(
      fc.property(octets(32), octets(32), (a, b) => {
        const [one, two] = [nodeSuite.agreementKeyPair(a), nodeSuite.agreementKeyPair(b)];
        const shared = nodeSuite.agree(one.secret, two.public);
        expect(shared).toBeDefined();
        expect(nodeSuite.agree(two.secret, one.public)).toEqual(shared);
      }),
      { numRuns: 30 },
    );
  });

  it('hides the secret of a key pair from logs and JSON', () => {
    const pair = nodeSuite.agreementKeyPair(alice);
    expect(Object.keys(pair)).toEqual(['public']);
    const shown = inspect(pair, { showHidden: true, depth: 9 }) + JSON.stringify(pair);
    expect(shown).not.toContain('119, 7, 109');
    expect(JSON.parse(JSON.stringify(pair))).not.toHaveProperty('secret');
  });

  it('treats a secret of another length as its own mistake', () => {
    expect(() => nodeSuite.agree(new Uint8Array(31), bob)).toThrow(InvariantError);
    expect(() => nodeSuite.agreementKeyPair(new Uint8Array(33))).toThrow(InvariantError);
  });
});

describe('ChaCha20-Poly1305', () => {
  it('is what RFC 8439 §2.8 describes, with the counter where Noise §12.3 puts it', () => {
    // The reference first, by §2.8.2, whose nonce the suite never makes.
    const key = hex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f');
    const text =
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the " +
      'future, sunscreen would be it.';
    expect(
      toHex(
        referenceSeal(
          key,
          hex('070000004041424344454647'),
          hex('50515253c0c1c2c3c4c5c6c7'),
          utf8(text),
        ),
      ),
    ).toBe(
      'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69' +
        'da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad67594' +
        '5585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691',
    );
    const nonce = (counter: number): Uint8Array => {
      const view = new DataView(new ArrayBuffer(12));
      view.setBigUint64(4, BigInt(counter), true);
      return new Uint8Array(view.buffer);
    };
    const small = fc.uint8Array({ maxLength: 70 });
    fc.assert(
      fc.property(octets(32), fc.maxSafeNat(), small, small, (secret, counter, data, plain) => {
        const sealed = nodeSuite.seal(secret, counter, data, plain);
        expect(sealed).toEqual(referenceSeal(secret, nonce(counter), data, plain));
        expect(nodeSuite.open(secret, counter, data, sealed)).toEqual(plain);
      }),
      { numRuns: 60 },
    );
  });

  it.each([0, 1, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER])(
    'seals and opens at counter %d, and at no other',
    (counter) => {
      const sealed = nodeSuite.seal(KEY, counter, EMPTY, utf8('ping'));
      expect(nodeSuite.open(KEY, counter, EMPTY, sealed)).toEqual(utf8('ping'));
      expect(nodeSuite.open(KEY, counter === 0 ? 1 : counter - 1, EMPTY, sealed)).toBeUndefined();
      expect(nodeSuite.open(KEY, counter % 2 ** 32, EMPTY, sealed) !== undefined).toBe(
        counter < 2 ** 32,
      );
    },
  );

  it('opens nothing in which any bit was turned', () => {
    const associated = utf8('header');
    const sealed = nodeSuite.seal(KEY, 5, associated, utf8('pong from 192.0.2.1'));
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      expect(nodeSuite.open(KEY, 5, associated, flipped(sealed, bit))).toBeUndefined();
    }
    expect(nodeSuite.open(flipped(KEY, 3), 5, associated, sealed)).toBeUndefined();
    expect(nodeSuite.open(KEY, 5, flipped(associated, 3), sealed)).toBeUndefined();
    expect(nodeSuite.open(KEY, 5, EMPTY, sealed)).toBeUndefined();
  });

  it('opens nothing that was cut or lengthened, however short', () => {
    const sealed = nodeSuite.seal(KEY, 0, EMPTY, utf8('ping'));
    for (let length = 0; length < sealed.length; length += 1) {
      expect(nodeSuite.open(KEY, 0, EMPTY, sealed.slice(0, length))).toBeUndefined();
    }
    expect(nodeSuite.open(KEY, 0, EMPTY, concat(sealed, Uint8Array.of(0)))).toBeUndefined();
  });

  it('says undefined, and never throws, on any garbage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.maxSafeNat(), (garbage, counter) => {
        expect(nodeSuite.open(KEY, counter, EMPTY, garbage)).toBeUndefined();
      }),
    );
  });

  it.each([-1, 0.5, 2 ** 53, NaN])('refuses %d as a counter', (counter) => {
    expect(() => nodeSuite.seal(KEY, counter, EMPTY, EMPTY)).toThrow(InvariantError);
    expect(() => nodeSuite.open(KEY, counter, EMPTY, new Uint8Array(16))).toThrow(InvariantError);
  });

  it('goes by what a key array holds now, not by what it held before', () => {
    const key = Uint8Array.from(KEY);
    const sealed = nodeSuite.seal(key, 0, EMPTY, utf8('ping'));
    key.fill(0);
    expect(nodeSuite.open(key, 0, EMPTY, sealed)).toBeUndefined();
    expect(nodeSuite.seal(key, 0, EMPTY, utf8('ping'))).not.toEqual(sealed);
    expect(nodeSuite.open(KEY, 0, EMPTY, sealed)).toEqual(utf8('ping'));
    expect(nodeSuite.hmac(key, EMPTY)).not.toEqual(nodeSuite.hmac(KEY, EMPTY));
  });

  it('leaves the arrays it is given as they were', () => {
    const [associated, text] = [utf8('header'), utf8('ping')];
    const sealed = nodeSuite.seal(KEY, 1, associated, text);
    const before = toHex(sealed);
    nodeSuite.open(KEY, 1, associated, sealed);
    nodeSuite.open(KEY, 2, associated, sealed);
    expect(toHex(sealed)).toBe(before);
    expect([associated, text]).toEqual([utf8('header'), utf8('ping')]);
    expect(KEY).toEqual(new Uint8Array(32).fill(7));
  });

  it('refuses a key of another length, without quoting it', () => {
    const seal = (): unknown => nodeSuite.seal(utf8('hunter2'), 0, EMPTY, EMPTY);
    expect(seal).toThrow(InvariantError);
    expect(seal).not.toThrow('hunter2');
    expect(() => nodeSuite.open(new Uint8Array(33), 0, EMPTY, EMPTY)).toThrow(InvariantError);
  });
});

describe('everything the suite gives', () => {
  it('is a plain array with memory of its own, never a Node Buffer', () => {
    const pair = nodeSuite.agreementKeyPair(KEY);
    const sealed = nodeSuite.seal(KEY, 0, EMPTY, utf8('ping'));
    const given = [
      nodeSuite.hash(EMPTY),
      nodeSuite.hmac(EMPTY, EMPTY),
      nodeSuite.signingKey(KEY),
      nodeSuite.sign(KEY, EMPTY),
      pair.public,
      nodeSuite.agree(KEY, pair.public),
      sealed,
      nodeSuite.open(KEY, 0, EMPTY, sealed),
    ];
    for (const bytes of given) {
      expect(bytes?.constructor).toBe(Uint8Array);
      expect(bytes?.buffer.byteLength).toBe(bytes?.length);
    }
  });
});
