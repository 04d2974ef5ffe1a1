/**
 * Holds the code against the vectors in this folder. After a change of the protocol, and only
 * then: `FLOTILLA_WRITE_VECTORS=1 npx vitest run test/vectors` writes them anew.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { beforeAll, describe, expect, it } from 'vitest';
import { formatAddress } from '../../src/base/address.ts';
import { concat, toHex, utf8 } from '../../src/base/bytes.ts';
import { clusterIdBytes, parseClusterId } from '../../src/base/id.ts';
import { identityFrom } from '../../src/crypto/identity.ts';
import { nodeSuite as suite } from '../../src/crypto/node-suite.ts';
import { readHello } from '../../src/crypto/noise.ts';
import { decodeAct, verifyAct } from '../../src/wire/act.ts';
import { decodeMessage } from '../../src/wire/message.ts';
import { decodePacket, helloMac, helloMacKey } from '../../src/wire/packet.ts';
import { decodeRecord, verifyRecord } from '../../src/wire/record.ts';
import { checkKnock, decodeToken, serverNameToTag } from '../../src/wire/token.ts';
import type { Vector } from './make.ts';
import { hex, makeVectors } from './make.ts';

const made = makeVectors();
const names = Object.keys(made);

function pathOf(name: string): string {
  return fileURLToPath(new URL(`${name}.json`, import.meta.url));
}

function stored(name: string): Vector {
  return JSON.parse(readFileSync(pathOf(name), 'utf8')) as Vector;
}

/** A text field of a stored vector. */
function text(vector: Vector, field: string): string {
  const value = vector[field];
  if (typeof value !== 'string') throw new Error(`no text in ${field}`);
  return value;
}

function list(vector: Vector): readonly Vector[] {
  return vector['vectors'] as readonly Vector[];
}

beforeAll(async () => {
  if (process.env['FLOTILLA_WRITE_VECTORS'] !== '1') return;
  for (const [name, vector] of Object.entries(made)) {
    const options = { ...(await resolveConfig(pathOf(name))), parser: 'json' };
    writeFileSync(pathOf(name), await format(JSON.stringify(vector), options));
  }
});

describe.each(names)('%s.json', (name) => {
  it('is what the code makes of the same seeds', () => {
    // By way of JSON, which has no undefined.
    expect(JSON.parse(JSON.stringify(made[name]))).toEqual(stored(name));
  });
});

describe('a stored vector', () => {
  it('hello is opened by its receiver and shows who sent it', () => {
    const vector = stored('hello');
    const sender = identityFrom(suite, hex(text(vector, 'initiatorSeed')));
    const receiver = identityFrom(suite, hex(text(vector, 'responderSeed')));
    const packet = decodePacket(hex(text(vector, 'bytes')));
    if (typeof packet === 'string' || packet.type !== 'hello') throw new Error('no hello');
    expect(packet.senderIndex).toBe(vector['senderIndex']);
    const key = helloMacKey(suite, receiver.agreement.public);
    expect(packet.mac).toEqual(helloMac(suite, key, packet.macInput));
    const cluster = parseClusterId(text(vector, 'cluster'));
    const prologue = concat(utf8('flotilla v2'), cluster ? clusterIdBytes(cluster) : hex(''));
    const read = readHello(suite, prologue, receiver.agreement, packet.noise);
    expect(read?.peerStatic).toEqual(sender.agreement.public);
  });

  it('answer carries both indexes', () => {
    const { senderIndex, receiverIndex, bytes } = stored('answer');
    const packet = decodePacket(hex(String(bytes)));
    expect(packet).toMatchObject({ type: 'answer', senderIndex, receiverIndex });
  });

  it('session opens under the key of its direction', () => {
    const vector = stored('session');
    const packet = decodePacket(hex(text(vector, 'bytes')));
    if (typeof packet === 'string' || packet.type !== 'session') throw new Error('no session');
    expect(packet).toMatchObject({ index: vector['index'], counter: vector['counter'] });
    const key = hex(text(vector, 'key'));
    const message = suite.open(key, packet.counter, packet.header, packet.sealed);
    expect(message && toHex(message)).toBe(vector['message']);
  });

  it('ping and pong decode to their fields', () => {
    for (const vector of [stored('ping'), ...list(stored('pong'))]) {
      const message = decodeMessage(hex(text(vector, 'bytes')));
      const seen = message?.type === 'pong' ? { seen: formatAddress(message.seen) } : {};
      expect({ ...message, ...seen }).toEqual(vector['fields']);
    }
  });

  it('record decodes to its fields and is believed', () => {
    const vector = stored('record');
    const record = decodeRecord(hex(text(vector, 'bytes')));
    expect(record).toMatchObject(vector['fields'] as object);
    expect(record && verifyRecord(suite, record)).toBe(true);
  });

  it('acts decode to their kind and number, and are believed', () => {
    const vectors = list(stored('act'));
    expect(vectors.length).toBe(5);
    for (const vector of vectors) {
      const signed = decodeAct(suite, hex(text(vector, 'bytes')));
      const { type, number } = vector['fields'] as { type: string; number: number };
      expect(signed?.act).toMatchObject({ type, number });
      expect(signed && toHex(signed.hash)).toBe(vector['hash']);
      expect(signed && verifyAct(suite, signed)).toBe(true);
    }
  });

  it('token decodes, and its server name knocks', () => {
    const vector = stored('token');
    const token = decodeToken(suite, text(vector, 'text'));
    if (typeof token === 'string') throw new Error(token);
    expect({ ...token, secret: toHex(token.secret) }).toEqual(vector['fields']);
    const tag = serverNameToTag(text(vector, 'serverName'));
    expect(tag && checkKnock(suite, hex(text(vector, 'inviteKey')), tag)).toBe(true);
  });
});
