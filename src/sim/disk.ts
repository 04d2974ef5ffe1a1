/**
 * A virtual disk: writes that take time, fail, tear, or are cut off by a crash between a save and
 * a send.
 */

import type { DocumentName } from '../core/documents.ts';
import type { SeededRandom } from '../base/random.ts';
import type { Duration } from '../base/time.ts';
import { millis } from '../base/time.ts';
import type { Timeline } from './timeline.ts';

/** A write takes this long: an SSD's flush at best, an SD card's at worst. */
const WRITE_TIME: readonly [Duration, Duration] = [millis(2), millis(40)];

/** A write that nobody waits for is put off this long, to go with others. */
const LAZY_DELAY: Duration = millis(500);

/** After a failed write the next attempt comes this much later. */
const RETRY_DELAY: Duration = millis(1_000);

/** Who is told how a write went. */
export interface DiskOwner {
  /** The document as of now, to be written. */
  document(name: DocumentName): unknown;
  saved(ticket: number): void;
  saveFailed(ticket: number, reason: string): void;
}

interface Batch {
  readonly ticket: number;
  readonly files: ReadonlyMap<DocumentName, unknown>;
}

/** How a disk holds a value. */
export interface DiskFormat {
  write(value: unknown): unknown;
  read(held: unknown): unknown;
}

/** As text, as a real disk does: what does not survive that shows. */
const TEXT: DiskFormat = {
  write: (value) => JSON.stringify(value),
  read: (held) => JSON.parse(String(held)) as unknown,
};

/**
 * As the values themselves, which must not be changed any more: a thousand disks that each hold a
 * thousand records as text would not fit the memory. No snapshots.
 */
export const VALUES: DiskFormat = { write: (value) => value, read: (held) => held };

/**
 * A machine's disk as a crash-safe store over it behaves: each file is replaced whole or not at all
 * (write, fsync, rename, fsync of the folder), so a power cut in the middle of a write leaves the
 * old file or the new one. What was asked for and not begun is gone.
 */
export class VirtualDisk {
  readonly #timeline: Timeline;
  readonly #random: SeededRandom;
  readonly #format: DiskFormat;
  #files: Map<DocumentName, unknown>;
  #wanted = new Set<DocumentName>();
  #ticket = 0;
  #writing: Batch | undefined;
  /** Counts power cuts, so that a write that was under way ends in nothing. */
  #power = 0;
  /** While true, every write fails for want of space. */
  full = false;

  constructor(timeline: Timeline, random: SeededRandom, format: DiskFormat = TEXT) {
    this.#format = format;
    this.#timeline = timeline;
    this.#random = random;
    this.#files = new Map();
  }

  /** A file's JSON value as last written; undefined when it never was. */
  read(name: DocumentName): unknown {
    const held = this.#files.get(name);
    return held === undefined ? undefined : this.#format.read(held);
  }

  /** Puts a file there before the machine's first start. */
  put(name: DocumentName, json: unknown): void {
    this.#files.set(name, this.#format.write(json));
  }

  /** All files as they are, for a snapshot. */
  contents(): ReadonlyMap<DocumentName, string> {
    return new Map([...this.#files].map(([name, held]) => [name, String(held)]));
  }

  /** The files of a snapshot take the place of what is there. */
  restore(files: ReadonlyMap<DocumentName, string>): void {
    this.cutPower();
    this.#files = new Map(files);
  }

  /** Asks for a document to be written; the answer comes through `owner`, never at once. */
  save(owner: DiskOwner, name: DocumentName, ticket: number, urgent: boolean): void {
    this.#wanted.add(name);
    this.#ticket = Math.max(this.#ticket, ticket);
    if (urgent) this.#begin(owner);
    else this.#later(LAZY_DELAY, () => this.#begin(owner));
  }

  /** The machine stops at once: a write under way is done for some files and not for others. */
  cutPower(): void {
    for (const [name, text] of this.#writing?.files ?? []) {
      if (this.#random.chance(0.5)) this.#files.set(name, text);
    }
    this.#power += 1;
    this.#writing = undefined;
    this.#wanted = new Set();
    // The next life counts its tickets anew; a higher one of this life would answer for them.
    this.#ticket = 0;
  }

  /** All that is wanted goes in one write, so that one ticket stands for all before it. */
  #begin(owner: DiskOwner): void {
    if (this.#writing !== undefined || this.#wanted.size === 0) return;
    const files = new Map<DocumentName, unknown>();
    for (const name of this.#wanted) files.set(name, this.#format.write(owner.document(name)));
    const batch: Batch = { ticket: this.#ticket, files };
    this.#writing = batch;
    this.#wanted = new Set();
    const [least, most] = WRITE_TIME;
    this.#later(millis(this.#random.between(least, most)), () => this.#end(owner, batch));
  }

  /**
   * A failed write is tried again with all that is wanted by then: `saved` with a later ticket says
   * that what failed under an earlier one is on disk too.
   */
  #end(owner: DiskOwner, batch: Batch): void {
    this.#writing = undefined;
    if (this.full) {
      for (const name of batch.files.keys()) this.#wanted.add(name);
      owner.saveFailed(batch.ticket, 'no space left on device');
      this.#later(RETRY_DELAY, () => this.#begin(owner));
      return;
    }
    for (const [name, text] of batch.files) this.#files.set(name, text);
    owner.saved(batch.ticket);
    if (this.#wanted.size > 0) this.#begin(owner);
  }

  #later(delay: Duration, run: () => void): void {
    const power = this.#power;
    this.#timeline.in(delay, () => {
      if (power === this.#power) run();
    });
  }
}
