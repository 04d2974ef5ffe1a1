/** What one reader of events has not read yet: bounded, since a reader may be slow or gone. */

/** Items a reader may fall behind: a burst of news in a cluster of a thousand, told once. */
export const QUEUE_MAX = 1024;

/**
 * Items on their way to one reader, as an async iterable. A reader that falls behind loses the
 * oldest items, never the newest. Ends without an error when closed, by either side.
 */
export class Queue<T> implements AsyncIterableIterator<T> {
  readonly #items: T[] = [];
  readonly #onClose: () => void;
  #waiting: ((result: IteratorResult<T, undefined>) => void)[] = [];
  #closed = false;
  #dropped = 0;

  /** `onClose` is called once, when either side ends it. */
  constructor(onClose: () => void) {
    this.#onClose = onClose;
  }

  /** How many items were lost because the reader was slow. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Puts an item in for the reader; nothing happens after `close`. */
  push(item: T): void {
    if (this.#closed) return;
    const reader = this.#waiting.shift();
    if (reader !== undefined) {
      reader({ done: false, value: item });
      return;
    }
    if (this.#items.length === QUEUE_MAX) {
      this.#items.shift();
      this.#dropped += 1;
    }
    this.#items.push(item);
  }

  /** Ends the iteration after what is in the queue already. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const reader of waiting) reader({ done: true, value: undefined });
    this.#onClose();
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const item = this.#items.shift();
    if (item !== undefined) return Promise.resolve({ done: false, value: item });
    if (this.#closed) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Called by `for await` when its body leaves early. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.#items.length = 0;
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
