/** Who changed since one reader looked last: told as a whole, however slow the reader is. */

/**
 * Sets of texts as an async iterable: all that came since the last one, at once when there is
 * something. There are never more than there are members, so no bound is needed.
 */
export class Changes implements AsyncIterableIterator<ReadonlySet<string>> {
  readonly #onClose: () => void;
  #pending: Set<string> | undefined;
  #wake: () => void = () => undefined;
  #closed = false;

  /** `onClose` is called once, when either side ends it. */
  constructor(onClose: () => void) {
    this.#onClose = onClose;
  }

  /** These changed; none: nobody can say who. */
  push(changed: Iterable<string>): void {
    this.#pending ??= new Set();
    for (const one of changed) this.#pending.add(one);
    this.#wake();
  }

  /** Ends the iteration at once. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wake();
    this.#onClose();
  }

  /** One reader alone may wait. */
  async next(): Promise<IteratorResult<ReadonlySet<string>, undefined>> {
    while (this.#pending === undefined && !this.#closed) {
      await new Promise<void>((wake) => (this.#wake = wake));
    }
    const value = this.#pending;
    this.#pending = undefined;
    if (this.#closed || value === undefined) return { done: true, value: undefined };
    return { done: false, value };
  }

  /** Called by `for await` when its body leaves early. */
  return(): Promise<IteratorResult<ReadonlySet<string>, undefined>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
