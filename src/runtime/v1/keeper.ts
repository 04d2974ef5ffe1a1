/** Keeps one document on disk: saves that nobody waits for come together, failures are retried. */

/**
 * Milliseconds that a save waits for company, unless somebody waits for it (a new secret is told
 * when it is on disk). After a crash older addresses lead peers that swapped theirs to take each
 * other's place.
 */
const PATIENCE_MS = 500;
/** Milliseconds between two tries on a disk that is full or cannot be written. */
const RETRY_MS = 5_000;

/** What a keeper works on. */
export interface KeeperOptions {
  readonly document: () => unknown;
  readonly write: (document: unknown) => Promise<void>;
  /** Told of the first failure, and, with undefined, of the success after it. */
  readonly onTrouble: (error: Error | undefined) => void;
}

/** Saves a document again and again. */
export class Keeper {
  readonly #options: KeeperOptions;
  #timer: NodeJS.Timeout | undefined;
  #pass: Promise<void> = Promise.resolve();
  #dirty = false;
  #failing = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** The document changed, and should be on disk soon. */
  ask(): void {
    this.#dirty = true;
    this.#schedule(PATIENCE_MS);
  }

  /** Writes what is not written yet; never rejects, a failure is retried. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pass = this.#pass.then(() => this.#write());
    return this.#pass;
  }

  /** Writes for the last time. */
  async finish(): Promise<void> {
    await this.flush();
    await this.stop();
  }

  /** Writes no more, and waits for the write under way. */
  async stop(): Promise<void> {
    this.#dirty = false;
    clearTimeout(this.#timer);
    await this.#pass;
    clearTimeout(this.#timer);
  }

  #schedule(wait: number): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.flush();
    }, wait);
    this.#timer.unref();
  }

  async #write(): Promise<void> {
    if (!this.#dirty) return;
    this.#dirty = false;
    try {
      await this.#options.write(this.#options.document());
      if (this.#failing) this.#options.onTrouble(undefined);
      this.#failing = false;
    } catch (error) {
      this.#dirty = true;
      if (!this.#failing) {
        this.#options.onTrouble(error instanceof Error ? error : new Error(String(error)));
      }
      this.#failing = true;
      this.#schedule(RETRY_MS);
    }
  }
}
