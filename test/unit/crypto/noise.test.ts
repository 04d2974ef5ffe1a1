import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../../src/base/bytes.ts';
import { concat, equal, toHex, utf8 } from '../../../src/base/bytes.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import type { SessionKeys } from '../../../src/crypto/noise.ts';
import {
  ANSWER_SIZE,
  HELLO_SIZE,
  answerHello,
  answerHelloWith,
  beginHello,
  beginHelloWith,
  readAnswer,
  readAnswerWith,
  readHello,
  readHelloWith,
} from '../../../src/crypto/noise.ts';
import type { KeyPair } from '../../../src/crypto/suite.ts';
import { flipped, hex, octets } from './octets.ts';

const EMPTY = new Uint8Array(0);
const PROLOGUE = utf8('flotilla test');

const pair = (octet: number): KeyPair => nodeSuite.agreementKeyPair(new Uint8Array(32).fill(octet));
const attic = pair(1);
const cellar = pair(2);
const secret = (octet: number): Bytes => new Uint8Array(32).fill(octet);

/** The test itself is wrong when a step that must work gives nothing. */
function sure<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a step of the handshake failed');
  return value;
}

function handshake(helloSecret: Bytes, answerSecret: Bytes): [SessionKeys, SessionKeys] {
  const hello = sure(beginHello(nodeSuite, PROLOGUE, attic, helloSecret, cellar.public));
  const read = sure(readHello(nodeSuite, PROLOGUE, cellar, hello.message));
  const answer = sure(answerHello(nodeSuite, read.state, answerSecret));
  return [sure(readAnswer(nodeSuite, hello.state, attic, answer.message)), answer.keys];
}

describe('the published vector of Noise_IK_25519_ChaChaPoly_SHA256', () => {
  // From the cacophony vectors, which snow and others are tested against too.
  const prologue = hex('4a6f686e2047616c74');
  const initiator = nodeSuite.agreementKeyPair(
    hex('e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1'),
  );
  const responder = nodeSuite.agreementKeyPair(
    hex('4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893'),
  );
  const helloSecret = hex('893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a');
  const answerSecret = hex('bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b');
  const [payload, answerPayload] = [
    hex('4c756477696720766f6e204d69736573'),
    hex('4d757272617920526f746862617264'),
  ];
  const helloText =
    'ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944718da798efbcd91528520204' +
    'f904b9bd6c7413dccdc214d951e15253e39987f18146e8cd0873654207148333479d4d16c289f0294b29960a' +
    '72f48e0b7bba2e89083169825e59642148d492020664ccf7';
  const answerText =
    '95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f1448088435361e70b2ed446e6c9ec387d' +
    '1d6b3b840f194e373979d241b203c4acafccf5';
  // What both then send in turn, the initiator first, each with its own counter.
  const transport = [
    ['462e20412e20486179656b', '050e9f3c8fac16b68dbce8f8c4bfbf6617c897f9ada4aa29aa19c8'],
    ['4361726c204d656e676572', '344233a6cabb7141d80f3da2fedc311d9646bbb0f505afe403a667'],
    [
      '4a65616e2d426170746973746520536179',
      '62cdeeb172ad7ade7aa7d9e069da5790f12331bfa00177787a1d0810c67dc3b2b4',
    ],
    [
      '457567656e2042f6686d20766f6e2042617765726b',
      '029bead1b40992327044d409d9a1f3ad8f36c3c452775d557e18bbeb2e8dfcead32d514024',
    ],
  ] as const;

  it('is met octet by octet by both sides', () => {
    expect(toHex(responder.public)).toBe(
      '31e0303fd6418d2f8c0e78b91f22e8caed0fbe48656dcf4767e4834f701b8f62',
    );
    const hello = sure(
      beginHelloWith(nodeSuite, prologue, initiator, helloSecret, responder.public, payload),
    );
    expect(toHex(hello.message)).toBe(helloText);
    const read = sure(readHelloWith(nodeSuite, prologue, responder, hello.message));
    expect(read.payload).toEqual(payload);
    expect(read.peerStatic).toEqual(initiator.public);
    const answer = sure(answerHelloWith(nodeSuite, read.state, answerSecret, answerPayload));
    expect(toHex(answer.message)).toBe(answerText);
    const done = sure(readAnswerWith(nodeSuite, hello.state, initiator, answer.message));
    expect(done.payload).toEqual(answerPayload);

    const expectedHash = '0b0f68fb0c27e03ce9b97565995ed4838cc0581b762ef72b062f6a546419fad7';
    expect(toHex(done.keys.handshakeHash)).toBe(expectedHash);
    expect(toHex(answer.keys.handshakeHash)).toBe(expectedHash);
    transport.forEach(([plain, sealed], index) => {
      const [sender, receiver] =
        index % 2 === 0 ? [done.keys, answer.keys] : [answer.keys, done.keys];
      const counter = Math.floor(index / 2);
      expect(toHex(nodeSuite.seal(sender.send, counter, EMPTY, hex(plain)))).toBe(sealed);
      expect(nodeSuite.open(receiver.receive, counter, EMPTY, hex(sealed))).toEqual(hex(plain));
    });
  });
});

describe('a handshake', () => {
  it('gives both sides the same keys, one a direction, for any secrets', () => {
    fc.assert(
      fc.property(octets(32), octets(32), (helloSecret, answerSecret) => {
        const [initiator, responder] = handshake(helloSecret, answerSecret);
        expect(initiator.send).toEqual(responder.receive);
        expect(initiator.receive).toEqual(responder.send);
        expect(initiator.handshakeHash).toEqual(responder.handshakeHash);
        expect(equal(initiator.send, initiator.receive)).toBe(false);
      }),
      { numRuns: 30 },
    );
  });

  it('has messages of 96 and 48 octets: the answer is no larger than the hello', () => {
    expect([HELLO_SIZE, ANSWER_SIZE]).toEqual([96, 48]);
    const hello = sure(beginHello(nodeSuite, PROLOGUE, attic, secret(3), cellar.public));
    const read = sure(readHello(nodeSuite, PROLOGUE, cellar, hello.message));
    const answer = sure(answerHello(nodeSuite, read.state, secret(4)));
    expect([hello.message.length, answer.message.length]).toEqual([96, 48]);
  });

  it('tells the responder who calls, and nobody who only listens', () => {
    const hello = sure(beginHello(nodeSuite, PROLOGUE, attic, secret(3), cellar.public));
    expect(sure(readHello(nodeSuite, PROLOGUE, cellar, hello.message)).peerStatic).toEqual(
      attic.public,
    );
    expect(toHex(hello.message)).not.toContain(toHex(attic.public));
  });

  it('gives other keys when either side has a fresh ephemeral key', () => {
    const [base] = handshake(secret(3), secret(4));
    const [otherAnswer] = handshake(secret(3), secret(5));
    const [otherHello] = handshake(secret(6), secret(4));
    const keys = [base, otherAnswer, otherHello].map((each) => toHex(each.send));
    expect(new Set(keys).size).toBe(3);
  });

  it('leads a replayed hello to new keys, which whoever replayed it cannot know', () => {
    const hello = sure(beginHello(nodeSuite, PROLOGUE, attic, secret(3), cellar.public));
    const answers = [4, 5].map((octet) => {
      const read = sure(readHello(nodeSuite, PROLOGUE, cellar, hello.message));
      return sure(answerHello(nodeSuite, read.state, secret(octet)));
    });
    const [first, second] = answers.map(({ keys }) => toHex(keys.receive));
    expect(first).not.toBe(second);
  });

  it('hides its secrets from logs and JSON', () => {
    const hello = sure(beginHello(nodeSuite, PROLOGUE, attic, secret(3), cellar.public));
    const read = sure(readHello(nodeSuite, PROLOGUE, cellar, hello.message));
    const answer = sure(answerHello(nodeSuite, read.state, secret(4)));
    const shown = inspect([hello.state, read.state, answer.keys], { depth: 9, showHidden: true });
    const text = JSON.stringify([hello.state, read.state, answer.keys]);
    const { send, receive } = answer.keys;
    const chainingKey = hello.state.symmetric.chainingKey;
    for (const hidden of [send, receive, chainingKey, secret(3), secret(4)]) {
      expect(shown).not.toContain([...hidden.slice(0, 8)].join(', '));
      expect(text).not.toContain(`"0":${String(hidden[0])},"1":${String(hidden[1])},"2":`);
    }
    expect(text).not.toMatch(/send|receive|chainingKey|secret/);
  });
});

describe('readHello', () => {
  const { message } = sure(beginHello(nodeSuite, PROLOGUE, attic, secret(3), cellar.public));

  it('refuses a hello in which any bit was turned', () => {
    for (let bit = 0; bit < message.length * 8; bit += 1) {
      // X25519 ignores the highest bit of the ephemeral key; the hash does not.
      expect(readHello(nodeSuite, PROLOGUE, cellar, flipped(message, bit))).toBeUndefined();
    }
  });

  it('refuses a hello for another node, or with another prologue', () => {
    expect(readHello(nodeSuite, PROLOGUE, pair(9), message)).toBeUndefined();
    expect(readHello(nodeSuite, utf8('other cluster'), cellar, message)).toBeUndefined();
    expect(readHello(nodeSuite, EMPTY, cellar, message)).toBeUndefined();
  });

  it('refuses a hello of any other length, a valid one with a payload too', () => {
    for (const length of [0, 1, 32, 80, 95]) {
      expect(readHello(nodeSuite, PROLOGUE, cellar, message.slice(0, length))).toBeUndefined();
      expect(readHelloWith(nodeSuite, PROLOGUE, cellar, message.slice(0, length))).toBeUndefined();
    }
    const longer = concat(message, Uint8Array.of(0));
    expect(readHello(nodeSuite, PROLOGUE, cellar, longer)).toBeUndefined();
    const loaded = sure(
      beginHelloWith(nodeSuite, PROLOGUE, attic, secret(3), cellar.public, Uint8Array.of(1)),
    );
    expect(readHello(nodeSuite, PROLOGUE, cellar, loaded.message)).toBeUndefined();
  });

  it('refuses an ephemeral key of low order', () => {
    const zero = concat(new Uint8Array(32), message.slice(32));
    expect(readHello(nodeSuite, PROLOGUE, cellar, zero)).toBeUndefined();
  });

  it('never throws, whatever octets it is given', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 120 }), octets(96)), (garbage) => {
        expect(readHello(nodeSuite, PROLOGUE, cellar, garbage)).toBeUndefined();
      }),
    );
  });

  it('keeps nothing of the array it read from', () => {
    const received = Buffer.from(message);
    const read = sure(readHello(nodeSuite, PROLOGUE, cellar, received));
    received.fill(0);
    expect(read.peerStatic).toEqual(attic.public);
    expect(read.state.peerEphemeral).toEqual(message.slice(0, 32));
  });
});

describe('beginHello', () => {
  it('refuses a peer whose key is a point of low order or of another length', () => {
    for (const peer of [new Uint8Array(32), new Uint8Array(31), EMPTY]) {
      expect(beginHello(nodeSuite, PROLOGUE, attic, secret(3), peer)).toBeUndefined();
    }
  });
});

describe('answerHello', () => {
  it('refuses a caller whose keys are points of low order', () => {
    const { message } = sure(beginHello(nodeSuite, PROLOGUE, attic, secret(3), cellar.public));
    const { state } = sure(readHello(nodeSuite, PROLOGUE, cellar, message));
    const zero = new Uint8Array(32);
    const forged = [
      { ...state, peerStatic: zero },
      { ...state, peerEphemeral: zero },
    ];
    for (const each of forged) expect(answerHello(nodeSuite, each, secret(4))).toBeUndefined();
  });
});

describe('readAnswer', () => {
  const hello = sure(beginHello(nodeSuite, PROLOGUE, attic, secret(3), cellar.public));
  const read = sure(readHello(nodeSuite, PROLOGUE, cellar, hello.message));
  const { message } = sure(answerHello(nodeSuite, read.state, secret(4)));

  it('refuses an answer in which any bit was turned, and still takes the true one after it', () => {
    for (let bit = 0; bit < message.length * 8; bit += 1) {
      expect(readAnswer(nodeSuite, hello.state, attic, flipped(message, bit))).toBeUndefined();
    }
    expect(readAnswer(nodeSuite, hello.state, attic, message)).toBeDefined();
  });

  it('refuses the answer to another hello', () => {
    const other = sure(beginHello(nodeSuite, PROLOGUE, attic, secret(7), cellar.public));
    expect(readAnswer(nodeSuite, other.state, attic, message)).toBeUndefined();
  });

  it('refuses any other length and low-order keys, and never throws', () => {
    for (const length of [0, 31, 32, 47]) {
      expect(readAnswer(nodeSuite, hello.state, attic, message.slice(0, length))).toBeUndefined();
    }
    const longer = concat(message, Uint8Array.of(0));
    expect(readAnswer(nodeSuite, hello.state, attic, longer)).toBeUndefined();
    const zero = concat(new Uint8Array(32), message.slice(32));
    expect(readAnswer(nodeSuite, hello.state, attic, zero)).toBeUndefined();
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), octets(48)), (garbage) => {
        expect(readAnswer(nodeSuite, hello.state, attic, garbage)).toBeUndefined();
      }),
    );
  });
});
