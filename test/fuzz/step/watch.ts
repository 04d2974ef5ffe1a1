/**
 * What must hold whatever happens: nothing goes where R2 forbids, no number is used twice across
 * crashes, every command is answered once at the most, nothing is shown as proven that nobody
 * proved.
 */
import { addressKey, sameAddress, usable, type Address } from '../../../src/base/address.ts';
import { toHex, type Bytes } from '../../../src/base/bytes.ts';
import type { NodeId } from '../../../src/base/id.ts';
import type { Effect, Input } from '../../../src/core/io.ts';
import type { MembersDocument } from '../../../src/core/view.ts';
import { decodeAct } from '../../../src/wire/act.ts';
import { DATAGRAM_MAX } from '../../../src/wire/limits.ts';
import type { Message, NewsItem } from '../../../src/wire/message.ts';
import { PACKET_TYPES } from '../../../src/wire/packet.ts';
import { decodeRecord, verifyRecord } from '../../../src/wire/record.ts';
import { must } from '../targets/target.ts';
import { suite } from './people.ts';

/** Datagrams that one input may draw: a burst from two sockets to each address of six members. */
const SENDS_MAX = 400;

export class Watch {
  /** Somebody else signs acts with the machine's key: numbers say nothing any more. */
  twinActs = false;
  readonly #self: NodeId;
  readonly #allowed = new Set<string>();
  readonly #asked = new Set<number>();
  readonly #answered = new Set<number>();
  /** Where a ping of the machine was opened by whom. */
  readonly #pinged = new Map<NodeId, Set<string>>();
  /** Of the machine's own: by number, in hexadecimal. */
  readonly #acts = new Map<number, string>();
  readonly #records = new Map<number, string>();
  /** Records under the machine's key that are not its own. */
  readonly #forged = new Set<string>();

  constructor(self: NodeId) {
    this.#self = self;
  }

  /** A member, the operator or the disk spoke of this address: it may be asked (R2, B2). */
  allow(...addresses: readonly Address[]): void {
    for (const address of addresses) this.#allowed.add(addressKey(address));
  }

  asked(id: number): void {
    this.#asked.add(id);
  }

  pinged(by: NodeId, where: Address): void {
    const places = this.#pinged.get(by) ?? new Set();
    this.#pinged.set(by, places.add(addressKey(where)));
  }

  /** The holder of a copy of the machine's key signed this. */
  forged(record: Bytes): void {
    this.#forged.add(toHex(record));
  }

  /** A member says this to the machine: the addresses in it become known. */
  told(message: Message | undefined): void {
    if (message?.type === 'news') for (const item of message.items) this.toldItem(item);
    if (message?.type === 'sought' && message.seen !== undefined) this.allow(message.seen);
    if (message?.type === 'introduce') this.allow(message.address);
    if (message?.type === 'sought' || message?.type === 'introduce') {
      const { record } = message;
      if (record !== undefined) this.toldItem({ kind: 'record', bytes: record });
    }
  }

  toldItem({ kind, bytes }: NewsItem): void {
    const record = kind === 'record' ? decodeRecord(bytes) : undefined;
    if (record === undefined || !verifyRecord(suite, record)) return;
    this.allow(...record.addresses.map(({ address }) => address));
  }

  /** What the machine says of itself: a number is never used for two things. */
  said(item: NewsItem): void {
    const record = item.kind === 'record' ? decodeRecord(item.bytes) : undefined;
    if (record?.id === this.#self) this.#once(this.#records, record.sequence, item.bytes, 'record');
    const act = item.kind === 'act' ? decodeAct(suite, item.bytes)?.act : undefined;
    if (act?.author === this.#self && !this.twinActs)
      this.#once(this.#acts, act.number, item.bytes, 'act');
  }

  /** All effects of one input. */
  look(input: Input, effects: readonly Effect[]): void {
    let sends = 0;
    for (const effect of effects) {
      if (effect.type === 'send') {
        sends += 1;
        this.#sent(input, effect.to, effect.bytes);
      }
      if (effect.type === 'beacon') must(effect.bytes.length <= DATAGRAM_MAX, 'a long beacon');
      if (effect.type === 'wake') must(Number.isFinite(effect.at), 'a wake at no time');
      if (effect.type === 'answer') this.#answer(effect.id);
    }
    must(sends <= SENDS_MAX, `one ${input.type} drew ${String(sends)} datagrams`);
  }

  /** What an operator is shown. */
  view(document: MembersDocument): void {
    for (const { id, address, proof } of document.members) {
      must(address !== null || proof === 'none', 'a proof of nothing');
      if (proof !== 'direct' || id === this.#self) continue;
      const pinged = this.#pinged.get(id)?.has(address ?? '') === true;
      must(pinged, `${String(address)} is shown as proven, and was never asked`);
    }
  }

  #sent(input: Input, to: Address, bytes: Bytes): void {
    must(bytes.length <= DATAGRAM_MAX, `a datagram of ${String(bytes.length)} octets`);
    must(usable(to), `a datagram to ${addressKey(to)}`);
    if (this.#allowed.has(addressKey(to))) return;
    // A hello may be a replayed one: it earns one answer no larger than itself, where it came from.
    const reply = input.type === 'datagram' && sameAddress(input.from, to);
    const small = reply && bytes.length <= input.bytes.length;
    must(
      small && bytes[0] === PACKET_TYPES.answer,
      `a datagram to ${addressKey(to)}, of which no member spoke (R2)`,
    );
  }

  #answer(id: number): void {
    must(this.#asked.has(id), 'an answer to no command');
    must(!this.#answered.has(id), 'a command answered twice');
    this.#answered.add(id);
  }

  #once(known: Map<number, string>, number: number, bytes: Bytes, what: string): void {
    const text = toHex(bytes);
    if (this.#forged.has(text)) return;
    const before = known.get(number);
    must(before === undefined || before === text, `two ${what}s of number ${String(number)}`);
    known.set(number, text);
  }
}
