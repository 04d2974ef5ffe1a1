import { describe, expect, it } from 'vitest';
import { newest } from '../../../src/services/api/newest.ts';

/** A source that gives what is pushed, and time that passes when the test says so. */
class Stand {
  readonly controller = new AbortController();
  readonly taken: number[] = [];
  readonly pauses: number[] = [];
  readonly done: Promise<void>;
  #items: (number | undefined)[] = [];
  #wake: () => void = () => undefined;
  #endPause: () => void = () => undefined;

  constructor() {
    this.done = this.#read();
  }

  push(...items: readonly (number | undefined)[]): Promise<void> {
    this.#items.push(...items);
    this.#wake();
    return settle();
  }

  passTime(): Promise<void> {
    this.#endPause();
    return settle();
  }

  async #read(): Promise<void> {
    const pause = (ms: number): Promise<void> => {
      this.pauses.push(ms);
      return new Promise((resolve) => (this.#endPause = resolve));
    };
    for await (const item of newest(this.#source(), 50, this.controller.signal, pause)) {
      this.taken.push(item);
    }
  }

  async *#source(): AsyncGenerator<number, void, undefined> {
    for (;;) {
      if (this.#items.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
      const item = this.#items.shift();
      if (item === undefined) return;
      yield item;
    }
  }
}

/** Lets everything run that does not wait for the test. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}

describe('pacing documents', () => {
  it('hands on the first at once and pauses for the gap', async () => {
    const stand = new Stand();
    await stand.push(1);
    expect(stand.taken).toEqual([1]);
    await settle();
    expect(stand.pauses).toEqual([50]);
  });

  it('of those that come in the gap hands on the newest, when it is over', async () => {
    const stand = new Stand();
    await stand.push(1);
    await stand.push(2, 3, 4);
    expect(stand.taken).toEqual([1]);
    await stand.passTime();
    expect(stand.taken).toEqual([1, 4]);
  });

  it('hands on an item after a quiet time at once', async () => {
    const stand = new Stand();
    await stand.push(1);
    await stand.passTime();
    await stand.push(2);
    expect(stand.taken).toEqual([1, 2]);
  });

  it('hands on the last item before it ends with its source', async () => {
    const stand = new Stand();
    await stand.push(1);
    await stand.push(2, undefined);
    await stand.passTime();
    await stand.passTime();
    await stand.done;
    expect(stand.taken).toEqual([1, 2]);
  });

  it('hands on nothing more once it is aborted', async () => {
    const stand = new Stand();
    await stand.push(1);
    stand.controller.abort();
    await stand.push(2, undefined);
    await stand.passTime();
    await stand.done;
    expect(stand.taken).toEqual([1]);
  });

  it('fails as its source fails', async () => {
    async function* broken(): AsyncGenerator<number, void, undefined> {
      yield await Promise.resolve(1);
      throw new Error('a slip');
    }
    const reading = (async (): Promise<void> => {
      for await (const _ of newest(broken(), 50, new AbortController().signal, settle));
    })();
    await expect(reading).rejects.toThrow('a slip');
  });
});
