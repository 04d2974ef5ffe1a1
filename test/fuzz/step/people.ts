/** Who there is around the machine under test, and where they may be. */
import { parseAddress, usable, type Address } from '../../../src/base/address.ts';
import { concat, toHex, utf8, type Bytes } from '../../../src/base/bytes.ts';
import type { Identity } from '../../../src/crypto/identity.ts';
import { identityFrom } from '../../../src/crypto/identity.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import type { Suite } from '../../../src/crypto/suite.ts';
import { Author, found } from '../../unit/core/acts.ts';

/** Answers kept; some fifty executions' worth. */
const REMEMBERED_MAX = 20_000;

/**
 * The real suite, with the answers of its slow half remembered: executions that begin alike sign
 * and verify the same octets over and over. What it answers is not changed by that.
 */
export const suite: Suite = {
  ...nodeSuite,
  signingKey: remembered('key', (seed) => nodeSuite.signingKey(seed)),
  sign: remembered('sign', (seed, data) => nodeSuite.sign(seed, data ?? seed)),
  verify: remembered('verify', (key, data, signed) =>
    nodeSuite.verify(key, data ?? key, signed ?? key),
  ),
  agreementKeyPair: remembered('pair', (secret) => nodeSuite.agreementKeyPair(secret)),
  agree: remembered('agree', (secret, key) => nodeSuite.agree(secret, key ?? secret)),
};

function remembered<T>(
  what: string,
  answer: (first: Bytes, second?: Bytes, third?: Bytes) => T,
): (first: Bytes, second?: Bytes, third?: Bytes) => T {
  const known = new Map<string, { readonly value: T }>();
  return (...parts) => {
    const sizes = parts.map((part) => part?.length ?? 0).join();
    const all = concat(...parts.map((part) => part ?? new Uint8Array(0)));
    const key = `${what} ${sizes} ${toHex(nodeSuite.hash(all))}`;
    const before = known.get(key);
    if (before !== undefined) return before.value;
    const value = answer(...parts);
    if (known.size >= REMEMBERED_MAX) known.clear();
    known.set(key, { value });
    return value;
  };
}

export function person(name: string): Identity {
  return identityFrom(suite, nodeSuite.hash(utf8(name)));
}

/** Members with scripts of their own; the last one was removed before it all begins. */
export const MEMBERS = ['cellar', 'pi', 'shed', 'barn', 'wreck'] as const;
export const REMOVED = 4;
/** Those who may join. */
export const STRANGERS = ['loft', 'porch', 'cellar'] as const;

const ZEROS = new Uint8Array(32);

/** Attic founded the cluster, admitted all and removed the wreck. */
export function history(): { readonly founder: Author; readonly chains: readonly Author[] } {
  const founder = found('attic', 'lake', suite);
  for (const name of MEMBERS) {
    founder.invite(`to ${name}`);
    founder.admit(person(name), name, `to ${name}`);
  }
  founder.sign({ type: 'remove', id: person('wreck').id, last: 0, lastHash: ZEROS });
  const chains = MEMBERS.map((name) => new Author(person(name), founder.cluster, [], suite));
  return { founder, chains };
}

/** Places of members, of every kind; some of them nobody may be asked at. */
export const PLACES: readonly [Address, ...Address[]] = [
  at('192.0.2.9:4117'),
  ...[
    ...['192.0.3.9:4117', '192.0.4.9:4117', '192.0.5.9:4117', '192.0.6.9:4117', '192.0.2.9:4118'],
    ...['203.0.113.1:1', '203.0.113.2:65535', '10.0.0.1:4117', '127.0.0.1:4117', '169.254.1.1:7'],
    ...['[2001:db8::1]:4117', '[2001:db8:1::1]:4117', '[fe80::1]:1', '[fd00::1]:4117', '[::1]:9'],
    // More than a history remembers.
    ...Array.from({ length: 42 }, (_, index) => `192.0.7.${String(index + 1)}:4117`),
    ...['0.0.0.0:0', '224.0.0.1:5', '255.255.255.255:9', '1.2.3.4:0', '[::]:1', '[ff02::1]:7'],
  ].map(at),
];

/** Those of them that a datagram can come from. */
export const SOURCES: readonly [Address, ...Address[]] = [PLACES[0], ...PLACES.filter(usable)];

/** Where nobody is but those who replay, forge and guess; no member ever speaks of these. */
export const HOSTILE: readonly [Address, ...Address[]] = [
  at('198.51.100.66:666'),
  at('198.51.100.67:4117'),
  at('[2001:db8:666::1]:666'),
];

export function at(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`${text} is no address`);
  return parsed;
}
