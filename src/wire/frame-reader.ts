/** Frames out of a stream of bytes, however it is cut, up to a bound. */

import type { Bytes } from '../base/bytes.ts';
import { FRAME_BUFFER_MAX, FRAME_MAX } from './limits.ts';

/** Octets of a frame's length. */
const HEAD = 4;

/** Room to begin with: a request or an item fits without growing. */
const INITIAL_SIZE = 2048;

/**
 * Cuts a byte stream into frames (length 4, then so many octets), however the network cut it into
 * pieces. Holds a bounded number of octets and never throws: a length of 0 or above
 * {@link FRAME_MAX}, or more octets than anyone takes, set `failed`, and nothing comes out then.
 */
export class FrameReader {
  #buffer: Uint8Array = new Uint8Array(INITIAL_SIZE);
  #start = 0;
  #end = 0;
  #failed = false;

  /** True once the stream cannot be read on; the connection should end. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Takes octets as they came; they are copied. */
  push(bytes: Bytes): void {
    if (this.#failed) return;
    const held = this.#end - this.#start;
    if (held + bytes.length > FRAME_BUFFER_MAX) return this.#fail();
    if (this.#end + bytes.length > this.#buffer.length) this.#makeRoom(held + bytes.length);
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** The octets of the next whole frame behind its length; undefined until it is all here. */
  next(): Bytes | undefined {
    if (this.#failed || this.#end - this.#start < HEAD) return undefined;
    const view = new DataView(this.#buffer.buffer, this.#start, HEAD);
    const length = view.getUint32(0);
    if (length === 0 || length > FRAME_MAX) {
      this.#fail();
      return undefined;
    }
    const from = this.#start + HEAD;
    if (this.#end - from < length) return undefined;
    this.#start = from + length;
    return this.#buffer.slice(from, from + length);
  }

  /** Moves what is held to the front, of a larger buffer if need be; doubling keeps it linear. */
  #makeRoom(needed: number): void {
    const size = needed > this.#buffer.length ? needed * 2 : this.#buffer.length;
    const moved = new Uint8Array(size);
    moved.set(this.#buffer.subarray(this.#start, this.#end));
    this.#buffer = moved;
    this.#end -= this.#start;
    this.#start = 0;
  }

  #fail(): void {
    this.#failed = true;
    this.#buffer = new Uint8Array(0);
    this.#start = 0;
    this.#end = 0;
  }
}
