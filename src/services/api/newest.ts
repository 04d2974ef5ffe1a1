/** Pacing of documents for a watcher. */

import { setTimeout as sleep } from 'node:timers/promises';

/** Waits so many milliseconds, or until the signal aborts; never rejects. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

const realPause: Pause = async (ms, signal) => {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
};

/**
 * Hands on the items of `source`, at least `gapMs` milliseconds apart: the first at once, an item
 * after a quiet time at once, and of those that come too fast the newest only. Ends when the source
 * ends (its last item is still handed on) or the signal aborts.
 */
export async function* newest<T>(
  source: AsyncIterable<T>,
  gapMs: number,
  signal: AbortSignal,
  pause: Pause = realPause,
): AsyncGenerator<T, void, undefined> {
  const slot = new Slot<T>();
  const reading = read(source, slot);
  // It may fail while nobody waits for it; the end of this loop tells.
  reading.catch(() => undefined);
  for (;;) {
    const item = await slot.take();
    if (item === undefined || signal.aborted) break;
    yield item.value;
    await pause(gapMs, signal);
  }
  await reading;
}

async function read<T>(source: AsyncIterable<T>, slot: Slot<T>): Promise<void> {
  try {
    for await (const value of source) slot.put(value);
  } finally {
    slot.end();
  }
}

/** Room for one item; a newer one takes the place of one not yet taken. */
class Slot<T> {
  #item: { readonly value: T } | undefined;
  #ended = false;
  #wake: () => void = () => undefined;

  put(value: T): void {
    this.#item = { value };
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** The item, as soon as there is one; undefined when there will be no more. */
  async take(): Promise<{ readonly value: T } | undefined> {
    while (this.#item === undefined && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const item = this.#item;
    this.#item = undefined;
    return item;
  }
}
