/** A byte string read as a sequence of choices; at its end every choice is the first one. */
import type { Bytes } from '../../../src/base/bytes.ts';

export class Source {
  readonly #bytes: Bytes;
  #at = 0;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  u8(): number {
    const octet = this.#bytes[this.#at] ?? 0;
    this.#at += 1;
    return octet;
  }

  u16(): number {
    return 256 * this.u8() + this.u8();
  }

  u32(): number {
    return 65_536 * this.u16() + this.u16();
  }

  below(limit: number): number {
    return this.u8() % limit;
  }

  /** Mostly one of the list, as the octet says. */
  pick<const T>(list: readonly [T, ...T[]]): T {
    return list[this.below(list.length)] ?? list[0];
  }

  /** Octets behind one of length; fewer at the end. */
  octets(): Bytes {
    const size = this.u8();
    const taken = this.#bytes.slice(this.#at, this.#at + size);
    this.#at += size;
    return taken;
  }
}
