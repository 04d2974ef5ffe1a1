import type { Address } from '../../../src/base/address.ts';
import { toHex, type Bytes } from '../../../src/base/bytes.ts';
import type { ClusterId, NodeId } from '../../../src/base/id.ts';
import { instant, millis } from '../../../src/base/time.ts';
import type { SeededRandom } from '../../../src/base/random.ts';
import { Sessions } from '../../../src/core/session.ts';
import type { Identity } from '../../../src/crypto/identity.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { Unpredictable } from '../../../src/crypto/unpredictable.ts';
import { decodeMessage, encodeMessage, type Message } from '../../../src/wire/message.ts';
import { decodePacket } from '../../../src/wire/packet.ts';
import { signRecord, type RecordFields } from '../../../src/wire/record.ts';
import { at, type Datagram, type Wire } from './wire.ts';

/** What a rogue heard: a message, and where it came from and went to. */
export interface Heard {
  readonly from: Address;
  readonly to: Address;
  readonly message: Message;
}

/**
 * A member with real keys whose mind is the test's: it seals whatever it is told to, and answers
 * pings as it likes. Left alone it is as honest as a member that knows nothing can be.
 */
export class Rogue {
  readonly name: string;
  readonly identity: Identity;
  readonly cluster: ClusterId;
  readonly wire: Wire;
  readonly heard: Heard[] = [];
  ip: string;
  /** What its pongs say they saw; undefined: no pong at all. */
  reflect: (from: Address, to: Address) => Address | undefined = (from) => from;
  /** Of its own record, as its pings and pongs say. */
  sequence = 0;
  readonly #random: SeededRandom;
  readonly #unpredictable = new Unpredictable(nodeSuite);
  readonly #members: ReadonlyMap<string, Identity>;
  #sessions: Sessions;

  constructor(
    wire: Wire,
    who: { readonly name: string; readonly identity: Identity },
    cluster: ClusterId,
    members: readonly Identity[],
  ) {
    this.wire = wire;
    this.name = who.name;
    this.identity = who.identity;
    this.cluster = cluster;
    this.#random = wire.random.fork();
    this.#members = new Map(members.map((one) => [toHex(one.agreement.public), one]));
    this.#sessions = this.#noSessions();
    this.ip = wire.freshIp();
    this.hold(this.ip);
  }

  get id(): NodeId {
    return this.identity.id;
  }

  get address(): Address {
    return at(this.ip);
  }

  /** Listens at one more address. */
  hold(ip: string): void {
    this.wire.hold(ip, (datagram) => this.#receive(datagram));
  }

  /** Says hello; once that is answered, pings. */
  greet(
    peer: { readonly identity: Identity; readonly address: Address },
    from = this.address,
  ): void {
    const bytes = this.hello(peer);
    this.wire.send(from, peer.address, bytes);
  }

  /** The octets of a hello to somebody. */
  hello({ identity }: { readonly identity: Identity }): Bytes {
    this.#refill();
    const { id, agreement } = identity;
    const bytes = this.#sessions.greet(id, agreement.public, this.#now());
    if (bytes === undefined) throw new Error('no hello could be made');
    return bytes;
  }

  /** Seals a message and sends it, from wherever it likes to seem to be. */
  say(
    peer: { readonly id: NodeId; readonly address: Address },
    message: Message,
    from: Address = this.address,
  ): void {
    this.wire.send(from, peer.address, this.seal(peer, message));
  }

  seal(peer: { readonly id: NodeId }, message: Message): Bytes {
    const bytes = this.#sessions.seal(peer.id, encodeMessage(message), this.#now());
    if (bytes === undefined) throw new Error(`${this.name} has no session there`);
    return bytes;
  }

  /** A ping of its own. */
  ping(): Message {
    return {
      type: 'ping',
      challenge: this.#random.below(2 ** 32),
      sequence: this.sequence,
      digest: 0,
    };
  }

  /** A record about itself that lists these addresses. */
  record(sequence: number, addresses: readonly Address[], more: Partial<RecordFields> = {}): Bytes {
    return signRecord(this.identity, {
      cluster: this.cluster,
      id: this.id,
      sequence,
      beat: millis(600),
      reachability: 'mapped',
      addresses: addresses.map((address) => ({ address, voters: 3 })),
      relays: [],
      services: [],
      tags: [],
      ...more,
    }).bytes;
  }

  /** Forgets all keys, as a restart would. */
  forgetKeys(): void {
    this.#sessions = this.#noSessions();
  }

  /** Messages of one kind that were heard at this address, or anywhere. */
  heardOf<T extends Message['type']>(type: T, ip?: string): Extract<Message, { type: T }>[] {
    return this.heard.flatMap(({ message, to }) =>
      message.type === type && (ip === undefined || to.ip === ip)
        ? [message as Extract<Message, { type: T }>]
        : [],
    );
  }

  #noSessions(): Sessions {
    return new Sessions(nodeSuite, this.identity, this.cluster, this.#unpredictable);
  }

  #now(): ReturnType<typeof instant> {
    return instant(this.wire.now + 77);
  }

  #refill(): void {
    this.#unpredictable.refill(this.#random.bytes(32));
  }

  #receive({ from, to, bytes }: Datagram): void {
    this.#refill();
    const packet = decodePacket(bytes);
    if (typeof packet === 'string') return;
    const verdict = this.#sessions.receive(
      packet,
      this.#now(),
      (key) => this.#members.get(toHex(key))?.id,
    );
    if (verdict.type === 'reply') this.wire.send(to, from, verdict.bytes);
    if (verdict.type === 'established') this.#answer(verdict.peer, to, from, this.ping());
    if (verdict.type !== 'opened') return;
    const message = decodeMessage(verdict.message);
    if (message === undefined) throw new Error('a member said something malformed');
    this.heard.push({ from, to, message });
    if (message.type !== 'ping') return;
    const seen = this.reflect(from, to);
    if (seen === undefined) return;
    const { challenge, digest } = message;
    // The digest is given back as it came, so that nobody thinks there is something to be told.
    this.#answer(verdict.peer, to, from, {
      type: 'pong',
      challenge,
      sequence: this.sequence,
      digest,
      seen,
    });
  }

  #answer(peer: NodeId, from: Address, to: Address, message: Message): void {
    this.wire.send(from, to, this.seal({ id: peer }, message));
  }
}
