/** Who said what to whom lately, in words: what the story of a failure is drawn from. */

import { formatAddress } from '../../base/address.ts';
import { BoundedList, BoundedMap } from '../../base/bounded.ts';
import { toHex, type Bytes } from '../../base/bytes.ts';
import { shortId } from '../../base/id.ts';
import type { Instant } from '../../base/time.ts';
import type { Suite } from '../../crypto/suite.ts';
import { decodeMessage, type Message, type NewsItem, type Want } from '../../wire/message.ts';
import { PACKET_TYPES } from '../../wire/packet.ts';
import { decodeRecord } from '../../wire/record.ts';
import { MAIN_PORT } from '../site.ts';
import type { World } from '../world.ts';

/** One datagram that left. */
export interface Exchange {
  readonly time: Instant;
  readonly from: string;
  /** The site that holds the address it went to; else that address. */
  readonly to: string;
  readonly words: string;
}

/** Exchanges kept: some seconds of eight busy nodes. */
const KEPT = 600;
/** Datagrams between sealing and leaving: as many as one step can make. */
const SEALED = 4_096;
/** A session datagram's header, which no two share (PROTOCOL §2.1). */
const HEADER = 9;

/** Listens to a world's network, and, through its suite, to what is sealed there. */
export class Exchanges {
  readonly #kept = new BoundedList<Exchange>(KEPT);
  readonly #sealed = new BoundedMap<string, Bytes>(SEALED, { evict: 'oldest' });

  /** A suite that seals as `suite` does and lets this listener know what. */
  overhear(suite: Suite): Suite {
    const { name } = suite;
    return {
      ...suite,
      name,
      seal: (key, counter, associated, plaintext) => {
        if (associated.length === HEADER) this.#sealed.set(toHex(associated), plaintext);
        return suite.seal(key, counter, associated, plaintext);
      },
    };
  }

  /** Notes every datagram that leaves anywhere in this world from now on. */
  listen(world: World): void {
    world.network.tap((sender, { from, to, bytes }) => {
      const holder = world.network.holder(to.ip)?.site;
      this.#kept.push({
        time: world.now,
        from: sender,
        to: holder ?? formatAddress(to),
        words: this.#wordsFor(bytes) + ports(from.port, to.port),
      });
      return 'pass';
    });
  }

  /** What is sealed in a session datagram that a machine of this world made. */
  opened(bytes: Bytes): Message | undefined {
    const sealed = this.#sealed.get(toHex(bytes.subarray(0, HEADER)));
    return sealed === undefined ? undefined : decodeMessage(sealed);
  }

  /** The last ones, oldest first. */
  get last(): readonly Exchange[] {
    return this.#kept.toArray();
  }

  #wordsFor(bytes: Bytes): string {
    if (bytes[0] === PACKET_TYPES.hello && bytes.length === 117) return 'hello';
    if (bytes[0] === PACKET_TYPES.answer && bytes.length === 57) return 'answer';
    const message = this.opened(bytes);
    return message === undefined ? `${String(bytes.length)} octets of noise` : say(message);
  }
}

/** Only what is no main port is worth a word. */
function ports(from: number, to: number): string {
  const left = from === MAIN_PORT ? '' : ` from port ${String(from)}`;
  return to === MAIN_PORT ? left : `${left} to port ${String(to)}`;
}

function say(message: Message): string {
  switch (message.type) {
    case 'ping':
      return `ping ${hex(message.challenge)}`;
    case 'pong':
      return `pong ${hex(message.challenge)}, seen at ${formatAddress(message.seen)}`;
    case 'news':
      return `news: ${message.items.map(item).join(', ')}`;
    case 'want':
      return `want: ${message.wants.map(wanted).join(', ')}`;
    case 'seek':
      return `seek ${shortId(message.target)}`;
    case 'sought':
      return `sought ${shortId(message.target)}: ${
        message.seen === undefined ? 'not seen' : formatAddress(message.seen)
      }`;
    case 'introduce':
      return `introduce ${shortId(message.seeker)} at ${formatAddress(message.address)}`;
    case 'summary':
      return 'summary';
  }
}

function wanted({ kind, id }: Want): string {
  return `${kind}s of ${shortId(id)}`;
}

function item({ kind, bytes }: NewsItem): string {
  const record = kind === 'record' ? decodeRecord(bytes) : undefined;
  if (record === undefined) return 'act';
  const at = record.addresses.map(({ address }) => formatAddress(address)).join(' ');
  return `record ${String(record.sequence)} of ${shortId(record.id)} at ${at}`;
}

function hex(challenge: number): string {
  return challenge.toString(16).padStart(8, '0');
}
