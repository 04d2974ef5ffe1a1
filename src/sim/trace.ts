/**
 * What happened, twice: as a running hash that proves two runs equal, and as a story for people.
 */

import { BoundedList } from '../base/bounded.ts';
import type { Instant } from '../base/time.ts';

/** Lines of a story kept for the case of a failure: some seconds of ten busy nodes. */
const STORY_LENGTH = 400;

/** Characters of one value in a story's line. */
const LINE_MAX = 300;

/**
 * What a line of the trace tells of: a thing that came in, one that was asked for, a turn of fate.
 */
export type TraceKind = 'input' | 'effect' | 'fate';

/** Everything, or for worlds of thousands of nodes what shows a difference soon as well. */
export type TraceStyle = 'whole' | 'brief';

const MARKS: Readonly<Record<TraceKind, string>> = { input: '<', effect: '>', fate: '*' };

interface Line {
  readonly time: Instant;
  readonly node: string;
  readonly kind: TraceKind;
  readonly value: unknown;
}

/**
 * Everything that happened, as a running hash over all of it and the last lines in readable form.
 * Two runs are the same exactly when their hashes are: each input and effect enters whole, octets
 * included. FNV-1a with two offsets: it must tell runs apart, not withstand anybody.
 */
export class Trace {
  #high = 0x811c9dc5;
  #low = 0x9747b28c;
  #count = 0;
  readonly #style: TraceStyle;
  readonly #lines = new BoundedList<Line>(STORY_LENGTH);

  constructor(style: TraceStyle = 'whole') {
    this.#style = style;
  }

  /** Inputs, effects and turns of fate so far. */
  get count(): number {
    return this.#count;
  }

  /** Sixteen hexadecimal digits over all that was noted, in its order. */
  get hash(): string {
    return hex(this.#high) + hex(this.#low);
  }

  /** The last lines, oldest first, for people. */
  get story(): readonly string[] {
    return this.#lines.toArray().map(tell);
  }

  note(time: Instant, node: string, kind: TraceKind, value: unknown): void {
    this.#count += 1;
    this.#number(time);
    if (this.#style === 'whole') {
      this.#text(node);
      this.#text(kind);
      this.#value(value);
    } else if (kind === 'input') this.#brief(node, value);
    this.#lines.push({ time, node, kind, value });
  }

  /** Who, and the end of what came: sealed octets depend on all that went before. */
  #brief(node: string, value: unknown): void {
    this.#octet(node.charCodeAt(node.length - 1));
    const bytes = (value as { bytes?: Uint8Array }).bytes;
    if (bytes !== undefined) this.#octets(bytes.subarray(-8));
  }

  #value(value: unknown): void {
    if (typeof value === 'string') this.#text(value);
    else if (typeof value === 'number') this.#number(value);
    else if (value instanceof Uint8Array) this.#octets(value);
    else if (typeof value === 'object' && value !== null) this.#fields(value);
    else this.#text(String(value));
  }

  /** Keys count, so that two fields that swap their values make a difference. */
  #fields(value: object): void {
    for (const [key, field] of Object.entries(value) as [string, unknown][]) {
      this.#text(key);
      this.#value(field);
    }
    this.#octet(0xfe);
  }

  #text(text: string): void {
    for (let index = 0; index < text.length; index += 1) this.#octet(text.charCodeAt(index));
    this.#octet(0xff);
  }

  #number(value: number): void {
    // Times carry fractions of a millisecond; 2⁻²⁰ of one is finer than anything here.
    const scaled = Math.round(value * 0x10_0000);
    this.#octet(scaled | 0);
    this.#octet(Math.floor(scaled / 0x1_0000_0000) | 0);
  }

  #octets(bytes: Uint8Array): void {
    for (const octet of bytes) this.#octet(octet);
    this.#octet(bytes.length);
  }

  #octet(octet: number): void {
    this.#high = Math.imul(this.#high ^ octet, 0x01000193);
    this.#low = Math.imul(this.#low ^ octet ^ (this.#high >>> 15), 0x01000193);
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}

/** `    1.5000 s  attic      < datagram …`: when, who, in or out, what. */
function tell(line: Line): string {
  const time = (line.time / 1000).toFixed(4).padStart(10);
  const value = typeof line.value === 'string' ? line.value : words(line.value);
  return `${time} s  ${line.node.padEnd(10)} ${MARKS[line.kind]} ${value.slice(0, LINE_MAX)}`;
}

/** `datagram socket=0 from=203.0.113.10:4117 bytes=[68: 23…]`. */
function words(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (value instanceof Uint8Array) return octetsInWords(value);
  if (Array.isArray(value)) return `[${value.map(words).join(' ')}]`;
  const fields = Object.entries(value) as [string, unknown][];
  if (isAddress(value)) return `${value.ip}:${String(value.port)}`;
  return fields
    .map(([key, field]) => (key === 'type' ? String(field) : `${key}=${words(field)}`))
    .join(' ');
}

function isAddress(value: object): value is { readonly ip: string; readonly port: number } {
  return 'ip' in value && 'port' in value && 'family' in value;
}

/** The first octets tell hello, answer and session apart; the rest is sealed anyway. */
function octetsInWords(bytes: Uint8Array): string {
  const start = Array.from(bytes.subarray(0, 9), (octet) => octet.toString(16).padStart(2, '0'));
  return `[${String(bytes.length)} B ${start.join('')}]`;
}
