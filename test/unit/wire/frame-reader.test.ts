import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../../src/base/bytes.ts';
import { concat } from '../../../src/base/bytes.ts';
import { FrameReader, encodeFrame } from '../../../src/wire/join.ts';
import { FRAME_BUFFER_MAX, FRAME_MAX } from '../../../src/wire/limits.ts';

const first = encodeFrame({ type: 'refused', reason: 'spent' });
const second = encodeFrame({ type: 'done', seen: undefined });

/** A frame's four octets of length. */
function head(length: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, length);
  return bytes;
}

describe('a frame reader', () => {
  it('waits until the last octet of a frame is here', () => {
    const reader = new FrameReader();
    for (const octet of first) {
      expect(reader.next()).toBeUndefined();
      reader.push(Uint8Array.of(octet));
    }
    expect(reader.next()).toEqual(first.slice(4));
    expect(reader.next()).toBeUndefined();
    expect(reader.failed).toBe(false);
  });

  it('gives two frames that came as one', () => {
    const reader = new FrameReader();
    reader.push(concat(first, second));
    expect(reader.next()).toEqual(first.slice(4));
    expect(reader.next()).toEqual(second.slice(4));
    expect(reader.next()).toBeUndefined();
  });

  it('takes a frame of 1 MiB and refuses one of an octet more by its length alone', () => {
    const longest = new Uint8Array(FRAME_MAX).fill(7);
    const reader = new FrameReader();
    reader.push(head(FRAME_MAX));
    for (let from = 0; from < FRAME_MAX; from += 65_536) {
      reader.push(longest.subarray(from, from + 65_536));
    }
    expect(reader.next()).toEqual(longest);
    reader.push(head(FRAME_MAX + 1));
    expect(reader.next()).toBeUndefined();
    expect(reader.failed).toBe(true);
  });

  it('refuses a frame of no octets', () => {
    const reader = new FrameReader();
    reader.push(head(0));
    expect(reader.next()).toBeUndefined();
    expect(reader.failed).toBe(true);
  });

  it('gives nothing more after it failed, whatever comes', () => {
    const reader = new FrameReader();
    reader.push(concat(head(0), first));
    expect(reader.next()).toBeUndefined();
    reader.push(first);
    expect(reader.next()).toBeUndefined();
    expect(reader.failed).toBe(true);
  });

  it('holds two MiB and fails on an octet more that nobody took', () => {
    const reader = new FrameReader();
    reader.push(concat(head(FRAME_MAX), new Uint8Array(FRAME_BUFFER_MAX - 4)));
    expect(reader.failed).toBe(false);
    reader.push(Uint8Array.of(0));
    expect(reader.failed).toBe(true);
    expect(reader.next()).toBeUndefined();
  });

  it('goes on for any number of frames when they are taken', () => {
    const reader = new FrameReader();
    const frame = concat(head(FRAME_MAX / 4), new Uint8Array(FRAME_MAX / 4));
    for (let count = 0; count < 40; count += 1) {
      reader.push(frame);
      expect(reader.next()?.length).toBe(FRAME_MAX / 4);
    }
    expect(reader.failed).toBe(false);
  });

  it('copies what it is given', () => {
    const reader = new FrameReader();
    const given = first.slice();
    reader.push(given);
    given.fill(0);
    expect(reader.next()).toEqual(first.slice(4));
  });
});
