/** What anybody on the LAN can send: the decoders never throw, and take one form of each value. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, type Bytes } from '../../src/base/bytes.ts';
import { nodeSuite } from '../../src/crypto/node-suite.ts';
import {
  beaconKey,
  decodeBeacon,
  encodeBeacon,
  openBeacon,
  sealBeacon,
} from '../../src/wire/beacon.ts';
import { decodeSearch, encodeSearch, SEARCH_TYPES } from '../../src/wire/search.ts';
import { anyOctets, attic, cluster, octets } from '../unit/wire/samples.ts';

const inviteKey = octets(32, 9);
const key = beaconKey(nodeSuite, octets(16), []);

/** One decoder: what came goes out again if it was taken. */
const codecs = [
  {
    title: 'beacons',
    valid: fc
      .tuple(anyOctets(16), anyOctets(112))
      .map(([nonce, sealed]) => encodeBeacon({ type: 'beacon', nonce, sealed })),
    again: (bytes: Bytes): Bytes | undefined => {
      const beacon = decodeBeacon(bytes);
      return beacon === undefined ? undefined : encodeBeacon(beacon);
    },
  },
  {
    title: 'searches and their answers',
    valid: fc
      .tuple(fc.constantFrom('search', 'here'), anyOctets(10))
      .map(([type, nonce]) => encodeSearch(nodeSuite, type, inviteKey, nonce)),
    again: (bytes: Bytes): Bytes | undefined => {
      const search = decodeSearch(bytes);
      if (search === undefined) return undefined;
      return concat(Uint8Array.of(SEARCH_TYPES[search.type]), search.nonce, search.mac);
    },
  },
] as const;

describe.each(codecs)('$title', ({ valid, again }) => {
  it('come out of the decoder as they went into the encoder', () => {
    fc.assert(
      fc.property(valid, (bytes) => {
        expect(again(bytes)).toEqual(bytes);
      }),
    );
  });

  it('are refused quietly when they are noise, of their own length too', () => {
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 1300 }),
      fc.constantFrom(27, 129).chain((size) => anyOctets(size)),
    );
    fc.assert(
      fc.property(noise, (bytes) => {
        const taken = again(bytes);
        if (taken !== undefined) expect(taken).toEqual(bytes);
      }),
      { numRuns: 500 },
    );
  });
});

it('a beacon with octets changed never opens, and opening it never throws', () => {
  const change = fc.tuple(fc.integer({ min: 1, max: 128 }), fc.integer({ min: 1, max: 255 }));
  fc.assert(
    fc.property(anyOctets(16), fc.array(change, { minLength: 1 }), (nonce, changes) => {
      const bytes = sealBeacon(nodeSuite, attic, cluster, key, nonce);
      const other = bytes.slice();
      for (const [at, by] of changes) other[at] = (other[at] ?? 0) ^ by;
      const beacon = decodeBeacon(other);
      const same = other.every((octet, at) => octet === bytes[at]);
      const opened = beacon === undefined ? undefined : openBeacon(nodeSuite, key, beacon);
      expect(opened?.id).toBe(same ? attic.id : undefined);
    }),
  );
});
