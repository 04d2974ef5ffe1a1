/**
 * The test vectors of PROTOCOL.md: for each format what goes in and the octets that come out, all
 * from fixed seeds, so that another implementation can be held against them. Octets are
 * hexadecimal, IDs base32 as people see them.
 */
import type { Bytes } from '../../src/base/bytes.ts';
import { concat, fromHex, toHex, utf8 } from '../../src/base/bytes.ts';
import { clusterIdBytes } from '../../src/base/id.ts';
import { nodeSuite as suite } from '../../src/crypto/node-suite.ts';
import type { SessionKeys } from '../../src/crypto/noise.ts';
import { answerHello, beginHello, readAnswer, readHello } from '../../src/crypto/noise.ts';
import { signAct } from '../../src/wire/act.ts';
import { encodeMessage } from '../../src/wire/message.ts';
import { encodeAnswer, encodeHello, encodeSession } from '../../src/wire/packet.ts';
import { helloMac, helloMacKey, sessionHeader } from '../../src/wire/packet.ts';
import { signRecord } from '../../src/wire/record.ts';
import { encodeToken, inviteKeyOf, knockTag, tagToServerName } from '../../src/wire/token.ts';
import { acts, at, attic, cellar, cluster, octets, record, token } from '../unit/wire/samples.ts';

/** What is written as JSON: one file a format. */
export type Vector = Readonly<Record<string, unknown>>;

/** Octets of a hexadecimal text that this project wrote itself. */
export function hex(text: string): Bytes {
  const bytes = fromHex(text);
  if (bytes === undefined) throw new Error(`${text} is no hexadecimal`);
  return bytes;
}

/** attic says hello to cellar with these ephemeral secrets and indexes. */
const handshake = {
  prologue: concat(utf8('flotilla v2'), clusterIdBytes(cluster)),
  initiatorEphemeral: octets(32, 17),
  responderEphemeral: octets(32, 51),
  initiatorIndex: 0x0a0b0c0d,
  responderIndex: 0xf0e0d0c0,
};

const ping = { type: 'ping', challenge: 0x01020304, sequence: 1001, digest: 0xfedcba98 } as const;

/** All vectors, by the name of their file. */
export function makeVectors(): Readonly<Record<string, Vector>> {
  const { hello, answer, keys } = shakeHands();
  return {
    hello: {
      initiatorSeed: toHex(attic.seed),
      responderSeed: toHex(cellar.seed),
      cluster,
      ephemeralSecret: toHex(handshake.initiatorEphemeral),
      senderIndex: handshake.initiatorIndex,
      bytes: toHex(hello),
    },
    answer: {
      hello: 'the one of hello.json',
      ephemeralSecret: toHex(handshake.responderEphemeral),
      senderIndex: handshake.responderIndex,
      receiverIndex: handshake.initiatorIndex,
      bytes: toHex(answer),
      initiatorToResponderKey: toHex(keys.send),
      responderToInitiatorKey: toHex(keys.receive),
      handshakeHash: toHex(keys.handshakeHash),
    },
    session: {
      key: toHex(keys.send),
      index: handshake.responderIndex,
      counter: 0,
      message: toHex(encodeMessage(ping)),
      bytes: toHex(sealed(keys, encodeMessage(ping))),
    },
    ping: { fields: ping, bytes: toHex(encodeMessage(ping)) },
    pong: {
      vectors: ['203.0.113.7:4117', '[2001:db8::7]:4117'].map((seen) => ({
        fields: { ...ping, type: 'pong', seen },
        bytes: toHex(encodeMessage({ ...ping, type: 'pong', seen: at(seen) })),
      })),
    },
    record: {
      seed: toHex(attic.seed),
      fields: record,
      bytes: toHex(signRecord(attic, record).bytes),
    },
    act: {
      seed: toHex(attic.seed),
      vectors: Object.values(acts).map((act) => {
        const { bytes, hash } = signAct(suite, attic, act);
        return { fields: hexed(act), bytes: toHex(bytes), hash: toHex(hash) };
      }),
    },
    token: {
      fields: hexed(token),
      text: encodeToken(suite, token),
      inviteSeed: toHex(inviteKeyOf(suite, token.secret).seed),
      inviteKey: toHex(inviteKeyOf(suite, token.secret).public),
      tagNonce: toHex(octets(10, 90)),
      serverName: tagToServerName(
        knockTag(suite, inviteKeyOf(suite, token.secret).public, octets(10, 90)),
      ),
    },
  };
}

function shakeHands(): { hello: Bytes; answer: Bytes; keys: SessionKeys } {
  const { prologue, initiatorEphemeral, responderEphemeral } = handshake;
  const peer = cellar.agreement;
  const begun = beginHello(suite, prologue, attic.agreement, initiatorEphemeral, peer.public);
  const read = begun && readHello(suite, prologue, peer, begun.message);
  const answered = read && answerHello(suite, read.state, responderEphemeral);
  const done = answered && readAnswer(suite, begun.state, attic.agreement, answered.message);
  if (!begun || !answered || !done) throw new Error('the handshake failed');
  const macKey = helloMacKey(suite, peer.public);
  const { initiatorIndex, responderIndex } = handshake;
  return {
    hello: encodeHello(initiatorIndex, begun.message, (input) => helloMac(suite, macKey, input)),
    answer: encodeAnswer(responderIndex, initiatorIndex, answered.message),
    keys: done,
  };
}

function sealed(keys: SessionKeys, message: Bytes): Bytes {
  const header = sessionHeader(handshake.responderIndex, 0);
  return encodeSession(header, suite.seal(keys.send, 0, header, message));
}

/** The same object with its octets as hexadecimal. */
function hexed(fields: object): Record<string, unknown> {
  const entries = Object.entries(fields).map(([key, value]: [string, unknown]) => [
    key,
    value instanceof Uint8Array ? toHex(value) : value,
  ]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}
