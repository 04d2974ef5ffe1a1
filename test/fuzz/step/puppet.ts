/** A member with real keys and sessions that does what the input says. */
import type { Address } from '../../../src/base/address.ts';
import type { Bytes } from '../../../src/base/bytes.ts';
import type { ClusterId, NodeId } from '../../../src/base/id.ts';
import { millis, type Instant } from '../../../src/base/time.ts';
import { Sessions } from '../../../src/core/session.ts';
import type { Identity } from '../../../src/crypto/identity.ts';
import { Unpredictable } from '../../../src/crypto/unpredictable.ts';
import { decodeMessage, encodeMessage, type Message } from '../../../src/wire/message.ts';
import { decodePacket } from '../../../src/wire/packet.ts';
import { signRecord, type RecordFields, type SignedRecord } from '../../../src/wire/record.ts';
import type { Author } from '../../unit/core/acts.ts';
import { person, suite } from './people.ts';

/** Challenges it remembers, to answer them late, twice, or in another's name. */
const CHALLENGES_MAX = 16;

export class Puppet {
  readonly identity: Identity;
  readonly id: NodeId;
  readonly chain: Author;
  at: Address;
  /** Whether it hears anything at all, and whether it answers pings. */
  on = true;
  pongs = true;
  /** What it says it saw, whatever socket the ping left from; undefined: an honest place. */
  sees: Address | undefined;
  sequence = 0;
  digest: number | undefined;
  readonly challenges: number[] = [];
  readonly #cluster: ClusterId;
  readonly #entropy: () => Bytes;
  readonly #source = new Unpredictable(suite);
  #sessions: Sessions;

  constructor(name: string, chain: Author, at: Address, entropy: () => Bytes) {
    this.identity = person(name);
    this.id = this.identity.id;
    this.chain = chain;
    this.at = at;
    this.#cluster = chain.cluster;
    this.#entropy = entropy;
    this.#sessions = this.#begin();
  }

  /** Loses all keys, as a restart does. */
  restart(): void {
    this.#sessions = this.#begin();
  }

  /** What a datagram of the machine held: a message, or the answer to its hello. */
  open(bytes: Bytes, now: Instant, machine: Identity): Message | Bytes | undefined {
    this.#source.refill(this.#entropy());
    const packet = decodePacket(bytes);
    if (typeof packet === 'string') return undefined;
    const verdict = this.#sessions.receive(packet, now, (agreement) =>
      agreement.every((octet, index) => octet === machine.agreement.public[index])
        ? machine.id
        : undefined,
    );
    if (verdict.type === 'reply') return verdict.bytes;
    if (verdict.type !== 'opened') return undefined;
    const message = decodeMessage(verdict.message);
    if (message === undefined) throw new Error('the machine said something malformed');
    if (message.type === 'ping') this.#remember(message.challenge);
    return message;
  }

  greet(machine: Identity, now: Instant): Bytes | undefined {
    this.#source.refill(this.#entropy());
    return this.#sessions.greet(machine.id, machine.agreement.public, now);
  }

  /** Seals anything at all for the machine; undefined without a session. */
  seal(machine: Identity, message: Bytes, now: Instant): Bytes | undefined {
    return this.#sessions.seal(machine.id, message, now);
  }

  pong(ping: Extract<Message, { type: 'ping' }>, seen: Address): Bytes {
    const { challenge, digest } = ping;
    const { sequence } = this;
    return encodeMessage({
      type: 'pong',
      challenge,
      sequence,
      digest: this.digest ?? digest,
      seen: this.sees ?? seen,
    });
  }

  /** A record of its own, as large a lie as may be signed. */
  record(fields: Pick<RecordFields, 'sequence' | 'addresses' | 'tags'>): SignedRecord {
    return signRecord(this.identity, {
      cluster: this.#cluster,
      id: this.id,
      beat: millis(600),
      reachability: 'mapped',
      relays: [],
      services: [],
      ...fields,
    });
  }

  #remember(challenge: number): void {
    this.challenges.push(challenge);
    if (this.challenges.length > CHALLENGES_MAX) this.challenges.shift();
  }

  #begin(): Sessions {
    return new Sessions(suite, this.identity, this.#cluster, this.#source);
  }
}
