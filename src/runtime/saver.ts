/** Puts the saves that a machine asks for together, and goes on trying when the disk refuses. */

import type { DocumentName } from '../core/documents.ts';
import type { Input } from '../core/io.ts';

/** Milliseconds until a save that nobody waits for begins: company may come. */
const PATIENCE_MS = 1000;

/** Milliseconds between two tries on a disk that is full or cannot be written. */
const RETRY_MS = 5000;

/** The order of writing: what must never be lost comes first. */
const ORDER: readonly DocumentName[] = ['cluster', 'book'];

/** What a saver works on. */
export interface SaverOptions {
  /** The JSON value to be stored, as of now. */
  readonly document: (name: DocumentName) => unknown;
  readonly write: (name: DocumentName, document: unknown) => Promise<void>;
  /** Where saved and save-failed go. */
  readonly deliver: (input: Input) => void;
  /** The machine could not say what to store: a rule of our own code broke. */
  readonly onBroken: (error: unknown) => void;
}

/**
 * Writes documents, one pass at a time. A pass takes a snapshot of all that was asked for so far
 * and answers with the highest ticket among it; what is asked for meanwhile is the next pass's.
 */
export class Saver {
  readonly #options: SaverOptions;
  readonly #wanted = new Set<DocumentName>();
  #ticket = 0;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Infinity;
  #pass: Promise<void> | undefined;
  /** Somebody waits for what was asked for since the last pass began. */
  #hurry = false;
  /** Since the last pass failed: nothing but the retry begins one, however urgent. */
  #failing = false;
  #stopped = false;

  constructor(options: SaverOptions) {
    this.#options = options;
  }

  /** Asks for a document to be on disk. */
  ask(name: DocumentName, ticket: number, urgent: boolean): void {
    if (this.#stopped) return;
    this.#wanted.add(name);
    this.#ticket = Math.max(this.#ticket, ticket);
    if (urgent) this.#hurry = true;
    if (this.#pass === undefined && !this.#failing) this.#schedule(urgent ? 0 : PATIENCE_MS);
  }

  /**
   * Writes everything once more and ends; waits for the pass under way. What fails now fails for
   * good, and rejects.
   */
  async finish(): Promise<void> {
    this.stop();
    await this.#pass;
    for (const name of ORDER) await this.#options.write(name, this.#options.document(name));
  }

  /** Ends without writing; a pass under way goes on to its end, unheard. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Settles when no write is under way. */
  async idle(): Promise<void> {
    await this.#pass;
  }

  #schedule(wait: number): void {
    const at = performance.now() + wait;
    if (at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => {
      this.#pass = this.#write().catch(this.#options.onBroken);
    }, wait);
  }

  async #write(): Promise<void> {
    const ticket = this.#ticket;
    const wanted = ORDER.filter((name) => this.#wanted.has(name));
    this.#wanted.clear();
    this.#timerAt = Infinity;
    this.#hurry = false;
    // All snapshots at one instant, before anything is awaited: they belong together.
    const snapshots = wanted.map((name) => [name, this.#options.document(name)] as const);
    let failure: unknown;
    for (const [name, document] of snapshots) {
      if (failure === undefined) {
        await this.#options.write(name, document).catch((error: unknown) => (failure = error));
      }
      // One failed, so the order is kept: this and what follows are tried again.
      if (failure !== undefined) this.#wanted.add(name);
    }
    this.#pass = undefined;
    this.#failing = failure !== undefined;
    if (this.#stopped) return;
    if (failure !== undefined) this.#schedule(RETRY_MS);
    else if (this.#wanted.size > 0) this.#schedule(this.#hurry ? 0 : PATIENCE_MS);
    this.#options.deliver(
      failure === undefined
        ? { type: 'saved', ticket }
        : { type: 'save-failed', ticket, reason: reasonOf(failure) },
    );
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
