/** What a stranger can send to the TCP port, and what a person pastes. */
import { toBase32 } from '../../../src/base/base32.ts';
import { concat, equal, fromUtf8, utf8, type Bytes } from '../../../src/base/bytes.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { serverNameOf } from '../../../src/wire/client-hello.ts';
import { checkKnock, knockTag, serverNameToTag, tagToServerName } from '../../../src/wire/knock.ts';
import { decodeToken, encodeToken } from '../../../src/wire/token.ts';
import { octets, token as example } from './examples.ts';
import { must, mustEqual, sameValue, type Target } from './target.ts';

const inviteKey = octets(32, 9);
const serverName = tagToServerName(knockTag(nodeSuite, inviteKey, octets(10)));

/** A number of octets in front, and then they. */
function prefixed(size: 1 | 2 | 3, body: Bytes): Bytes {
  const { length } = body;
  const head = [(length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff].slice(3 - size);
  return concat(Uint8Array.from(head), body);
}

/** A ClientHello as TLS 1.3 sends it (RFC 8446 §4.1.2), in one record. */
function clientHello(name: Bytes): Bytes {
  const list = prefixed(2, concat(Uint8Array.of(0), prefixed(2, name)));
  const extensions = concat(
    Uint8Array.of(0, 43),
    prefixed(2, Uint8Array.of(2, 3, 4)),
    Uint8Array.of(0, 0),
    prefixed(2, list),
  );
  const body = concat(
    Uint8Array.of(3, 3),
    octets(32),
    prefixed(1, octets(32)),
    prefixed(2, Uint8Array.of(0x13, 1, 0x13, 2)),
    prefixed(1, octets(1)),
    prefixed(2, extensions),
  );
  const handshake = concat(Uint8Array.of(1), prefixed(3, body));
  return concat(Uint8Array.of(22, 3, 1), prefixed(2, handshake));
}

/** The first octets of a TCP connection, before TLS sees one. */
export const hello: Target = {
  name: 'hello',
  title: 'a TCP client’s first octets: its ClientHello and the tag in its server name',
  covers: /src\/wire\/(client-hello|knock)\.ts$|src\/base\/(cursor|base32)\.ts$/,
  lengthMax: 5_000,
  seeds: () => [clientHello(utf8(serverName)), clientHello(utf8('example.org')), utf8(serverName)],
  words: [utf8(serverName), utf8('.invalid'), Uint8Array.of(22, 3, 1), Uint8Array.of(0, 0)],
  run: (bytes) => {
    const found = serverNameOf(bytes);
    // More octets never make a verdict another one.
    for (const size of [bytes.length >> 1, bytes.length - 1]) {
      const early = serverNameOf(bytes.subarray(0, Math.max(0, size)));
      if (early.type !== 'need-more') must(sameValue(early, found), 'a verdict did not last');
    }
    const text = found.type === 'name' ? found.name : (fromUtf8(bytes) ?? '');
    const tag = serverNameToTag(text);
    if (tag === undefined) return [found.type];
    must(tagToServerName(tag) === text, 'a tag has two names');
    return [`${found.type} with a tag`, String(checkKnock(nodeSuite, inviteKey, tag))];
  },
};

/**
 * A token as text. An even first octet: what follows is its inside, and the checksum is put right,
 * since chance would never get past it.
 */
export const token: Target = {
  name: 'token',
  title: 'invite tokens as pasted, and their inside under a valid checksum',
  covers: /src\/wire\/(token|field)\.ts$|src\/base\/(base32|cursor|id|bytes)\.ts$/,
  lengthMax: 600,
  seeds: () => {
    const text = encodeToken(nodeSuite, example);
    const bare = encodeToken(nodeSuite, { ...example, at: [] });
    return [concat(Uint8Array.of(1), utf8(text)), insideOf(text), insideOf(bare)];
  },
  words: [utf8('flt2-'), utf8('[::1]:1'), utf8(':65535'), utf8('\n')],
  run: ([kind = 0, ...rest]) => {
    const octetsGiven = Uint8Array.from(rest);
    const check = nodeSuite.hash(octetsGiven).slice(0, 4);
    const whole = `flt2-${toBase32(concat(octetsGiven, check))}`;
    const text = kind % 2 === 0 ? whole : new TextDecoder().decode(octetsGiven);
    const read = decodeToken(nodeSuite, text);
    if (typeof read === 'string') return [read];
    const again = encodeToken(nodeSuite, read);
    must(sameValue(decodeToken(nodeSuite, again), read), 'a token changes on its way');
    if (kind % 2 === 0) must(again === whole, 'a token has two forms');
    return [`read with ${String(read.at.length)}`];
  },
};

/** The inside of a token behind the octet that says so. */
function insideOf(text: string): Bytes {
  const letters = 'abcdefghijklmnopqrstuvwxyz234567';
  const bits = [...text.slice('flt2-'.length)]
    .map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0'))
    .join('');
  const size = Math.floor(bits.length / 8);
  const all = Uint8Array.from({ length: size }, (_, at) =>
    parseInt(bits.slice(8 * at, 8 * at + 8), 2),
  );
  must(equal(nodeSuite.hash(all.slice(0, -4)).slice(0, 4), all.slice(-4)), 'the seed is no token');
  mustEqual(all.slice(0, 1), Uint8Array.of(2), 'a token of another version');
  return concat(Uint8Array.of(0), all.slice(0, -4));
}
