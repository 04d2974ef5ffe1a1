import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import type { Bytes } from '../../../src/base/bytes.ts';
import { concat, utf8 } from '../../../src/base/bytes.ts';
import type { JoinFrame } from '../../../src/wire/join.ts';
import { REFUSAL_CODES, decodeFrameBody, encodeFrame } from '../../../src/wire/join.ts';
import { acts, at, cellar, octets } from './samples.ts';

const { id, agreement, name, inviteKey, redemption, consent } = acts.admit;
const fields = { id, agreement, name, inviteKey, redemption, consent };
const request = { type: 'request', ...fields } as const;
const body = (frame: JoinFrame): Bytes => encodeFrame(frame).slice(4);

describe('a frame of a join', () => {
  it('has four octets of length before its kind', () => {
    expect(encodeFrame({ type: 'refused', reason: 'spent' })).toEqual(
      Uint8Array.of(0, 0, 0, 2, 4, 1),
    );
    expect(encodeFrame({ type: 'done', seen: at('203.0.113.7:4117') })).toEqual(
      Uint8Array.of(0, 0, 0, 8, 3, 4, 203, 0, 113, 7, 16, 21),
    );
    expect(encodeFrame({ type: 'done', seen: undefined })).toEqual(Uint8Array.of(0, 0, 0, 2, 3, 0));
    const item = { kind: 'act', bytes: octets(3) } as const;
    expect(encodeFrame({ type: 'item', item })).toEqual(
      Uint8Array.of(0, 0, 0, 7, 2, 2, 0, 3, 0, 1, 2),
    );
  });

  it('request carries all that an admission needs, in order', () => {
    expect(body(request)).toEqual(
      concat(
        Uint8Array.of(1, 1),
        cellar.publicKey,
        agreement,
        Uint8Array.of(6),
        utf8('cellar'),
        inviteKey,
        redemption,
        consent,
      ),
    );
    expect(decodeFrameBody(body(request))).toEqual(request);
  });

  it.each(Object.keys(REFUSAL_CODES))('refused for %s comes back', (reason) => {
    const frame = { type: 'refused', reason } as JoinFrame;
    expect(decodeFrameBody(body(frame))).toEqual(frame);
  });

  const cases: readonly [reason: string, bytes: Bytes][] = [
    ['it is empty', new Uint8Array(0)],
    ['its kind is 0', Uint8Array.of(0)],
    ['its kind is 5', Uint8Array.of(5, 1)],
    ['its refusal is 0', Uint8Array.of(4, 0)],
    ['its refusal is 7', Uint8Array.of(4, 7)],
    ['its request has another version', body(request).with(1, 2)],
    ['it lacks the consent', body(request).slice(0, -64)],
    ['its name is in upper case', body(request).with(67, 0x43)],
    ['it is cut short', body(request).slice(0, -1)],
    ['something follows it', concat(body(request), Uint8Array.of(0))],
    ['its item is longer than an act', concat(Uint8Array.of(2, 2, 1, 0xb7), octets(439))],
    ['its address is dressed up', concat(Uint8Array.of(3, 6), mapped(), Uint8Array.of(0, 1))],
  ];
  it.each(cases)('is refused when %s', (_, bytes) => {
    expect(decodeFrameBody(bytes)).toBeUndefined();
  });

  it('is never made of a key of another size', () => {
    expect(() => encodeFrame({ ...request, agreement: octets(31) })).toThrow(InvariantError);
  });
});

/** ::ffff:203.0.113.7 */
function mapped(): Bytes {
  return concat(new Uint8Array(10), Uint8Array.of(255, 255, 203, 0, 113, 7));
}
