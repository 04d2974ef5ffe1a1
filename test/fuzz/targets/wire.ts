/** Decoders of what a peer sends: whatever is taken has one form, and comes out as it went in. */
import { concat, type Bytes } from '../../../src/base/bytes.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { decodeAct, signAct, verifyAct } from '../../../src/wire/act.ts';
import {
  beaconKey,
  decodeBeacon,
  encodeBeacon,
  openBeacon,
  sealBeacon,
  verifyBeacon,
} from '../../../src/wire/beacon.ts';
import { FrameReader } from '../../../src/wire/frame-reader.ts';
import { decodeFrameBody, encodeFrame } from '../../../src/wire/join.ts';
import { FRAME_BUFFER_MAX } from '../../../src/wire/limits.ts';
import { decodeMessage, encodeMessage } from '../../../src/wire/message.ts';
import {
  decodePacket,
  encodeAnswer,
  encodeHello,
  encodeSession,
  sessionHeader,
} from '../../../src/wire/packet.ts';
import { decodeRecord, signRecord, verifyRecord } from '../../../src/wire/record.ts';
import { checkSearch, decodeSearch, encodeSearch } from '../../../src/wire/search.ts';
import { acts, attic, cluster, messages, octets, record } from './examples.ts';
import { must, mustEqual, type Target } from './target.ts';

/** A datagram's outside. */
export const packet: Target = {
  name: 'packet',
  title: 'datagrams: hello, answer, session',
  covers: /src\/wire\/packet\.ts$/,
  lengthMax: 1_300,
  seeds: () => [
    encodeHello(7, octets(96), () => octets(16)),
    encodeAnswer(7, 8, octets(48)),
    encodeSession(sessionHeader(7, 8), octets(41)),
  ],
  run: (bytes) => {
    const read = decodePacket(bytes);
    if (typeof read === 'string') return [read];
    mustEqual(packetAgain(read), bytes, 'a datagram has two forms');
    return [read.type];
  },
};

function packetAgain(read: Exclude<ReturnType<typeof decodePacket>, string>): Bytes {
  switch (read.type) {
    case 'hello':
      return encodeHello(read.senderIndex, read.noise, (input) => {
        mustEqual(input, read.macInput, 'the MAC covers something else');
        return read.mac;
      });
    case 'answer':
      return encodeAnswer(read.senderIndex, read.receiverIndex, read.noise);
    case 'session':
      mustEqual(sessionHeader(read.index, read.counter), read.header, 'another header');
      return encodeSession(read.header, read.sealed);
  }
}

/** What is sealed in a session datagram. */
export const message: Target = {
  name: 'message',
  title: 'session messages: beats, news, wants, summaries, searches',
  covers: /src\/wire\/(message|news|summary|field)\.ts$|src\/base\/(cursor|address|ip)\.ts$/,
  lengthMax: 1_200,
  seeds: () => messages.map(encodeMessage),
  run: (bytes) => {
    const read = decodeMessage(bytes);
    if (read === undefined) return ['refused'];
    mustEqual(encodeMessage(read), bytes, 'a message has two forms');
    return [read.type, ...('mode' in read ? [`${read.mode} at depth ${String(read.depth)}`] : [])];
  },
};

/** What a node says of itself. */
export const records: Target = {
  name: 'record',
  title: 'records',
  covers: /src\/wire\/(record|field)\.ts$|src\/base\/(cursor|address|ip|id|base32)\.ts$/,
  lengthMax: 1_200,
  seeds: () => [
    signRecord(attic, record).bytes,
    signRecord(attic, { ...record, addresses: [], relays: [], services: [], tags: [] }).bytes,
  ],
  run: (bytes) => {
    const read = decodeRecord(bytes);
    if (read === undefined) return ['refused'];
    mustEqual(read.bytes, bytes, 'a record is carried changed');
    const author = { ...attic, id: read.id, sign: (): Bytes => bytes.slice(-64) };
    mustEqual(signRecord(author, read).bytes, bytes, 'a record has two forms');
    const { addresses, relays, services, tags } = read;
    const sizes = [addresses, relays, services, tags].map(({ length }) => Math.min(length, 4));
    return [`${read.reachability} ${String(verifyRecord(nodeSuite, read))}`, sizes.join('-')];
  },
};

/** What members do to their cluster. */
export const act: Target = {
  name: 'act',
  title: 'signed acts of membership',
  covers: /src\/wire\/(act|field)\.ts$|src\/base\/(cursor|id|base32)\.ts$/,
  lengthMax: 500,
  seeds: () => Object.values(acts).map((one) => signAct(nodeSuite, attic, one).bytes),
  run: (bytes) => {
    const read = decodeAct(nodeSuite, bytes);
    if (read === undefined) return ['refused'];
    const author = { ...attic, id: read.act.author, sign: (): Bytes => bytes.slice(-64) };
    mustEqual(signAct(nodeSuite, author, read.act).bytes, bytes, 'an act has two forms');
    return [`${read.act.type} ${String(verifyAct(nodeSuite, read))}`];
  },
};

/** What a joiner and the maker of its invite send through TLS, cut anywhere. */
export const join: Target = {
  name: 'join',
  title: 'the stream of a join: frames out of pieces, and what is in them',
  covers: /src\/wire\/(join|frame-reader|news|field)\.ts$|src\/base\/cursor\.ts$/,
  lengthMax: 1_200,
  seeds: () => {
    const { id, agreement } = attic;
    const keys = { inviteKey: octets(32, 3), redemption: octets(64), consent: octets(64, 9) };
    const name = acts.admit.name;
    const frames = [
      encodeFrame({ type: 'request', id, agreement: agreement.public, name, ...keys }),
      encodeFrame({ type: 'item', item: { kind: 'act', bytes: octets(150) } }),
      encodeFrame({ type: 'done', seen: record.addresses[0]?.address }),
      encodeFrame({ type: 'refused', reason: 'spent' }),
    ];
    return [concat(Uint8Array.of(5), ...frames), ...frames.map((one) => concat(octets(1), one))];
  },
  run: ([cut = 0, ...rest]) => {
    const stream = Uint8Array.from(rest);
    const whole = framesOf(stream, stream.length + 1);
    const pieces = framesOf(stream, 1 + cut);
    must(whole.failed === pieces.failed, 'a cut decides whether a stream can be read');
    must(whole.bodies.length === pieces.bodies.length, 'a cut decides how many frames there are');
    const signs = whole.bodies.map((body, at) => {
      mustEqual(body, pieces.bodies[at] ?? octets(0), 'a cut changes a frame');
      const frame = decodeFrameBody(body);
      if (frame === undefined) return 'refused';
      mustEqual(encodeFrame(frame).slice(4), body, 'a frame has two forms');
      return frame.type === 'refused' ? frame.reason : frame.type;
    });
    return [`${String(whole.failed)} after ${String(Math.min(4, signs.length))}`, ...signs];
  },
};

function framesOf(stream: Bytes, size: number): { bodies: Bytes[]; failed: boolean } {
  const reader = new FrameReader();
  const bodies: Bytes[] = [];
  for (let from = 0; from < stream.length; from += size) {
    must(size <= FRAME_BUFFER_MAX, 'pieces are small');
    reader.push(stream.slice(from, from + size));
    for (let body = reader.next(); body !== undefined; body = reader.next()) bodies.push(body);
  }
  return { bodies, failed: reader.failed };
}

const lanKey = beaconKey(nodeSuite, octets(16), []);
const inviteKey = octets(32, 9);

/** What anybody on the LAN can send. */
export const lan: Target = {
  name: 'lan',
  title: 'beacons and searches on the LAN',
  covers: /src\/wire\/(beacon|search|field)\.ts$/,
  lengthMax: 200,
  seeds: () => [
    sealBeacon(nodeSuite, attic, cluster, lanKey, octets(16, 5)),
    encodeSearch(nodeSuite, 'search', inviteKey, octets(10)),
    encodeSearch(nodeSuite, 'here', inviteKey, octets(10)),
  ],
  run: (bytes) => {
    const beacon = decodeBeacon(bytes);
    const search = decodeSearch(bytes);
    must(beacon === undefined || search === undefined, 'one datagram is two things');
    if (search !== undefined) {
      const genuine = checkSearch(nodeSuite, inviteKey, search);
      const again = encodeSearch(nodeSuite, search.type, inviteKey, search.nonce);
      if (genuine) mustEqual(again, bytes, 'a search has two forms');
      return [`${search.type} ${String(genuine)}`];
    }
    if (beacon === undefined) return ['refused'];
    mustEqual(encodeBeacon(beacon), bytes, 'a beacon has two forms');
    const caller = openBeacon(nodeSuite, lanKey, beacon);
    if (caller === undefined) return ['sealed'];
    must(caller.id === attic.id, 'a changed beacon opens');
    return [`called ${String(verifyBeacon(nodeSuite, cluster, beacon, caller))}`];
  },
};
