import { formatAddress, type Address } from '../../../src/base/address.ts';
import { concat, equal, type Bytes } from '../../../src/base/bytes.ts';
import { nodeIdOf, publicKeyOf, shortId, type NodeId } from '../../../src/base/id.ts';
import { after, elapsed, millis, type Instant } from '../../../src/base/time.ts';
import { EMPTY_BOOK, readBook, writeBook } from '../../../src/core/documents.ts';
import type { DocumentName } from '../../../src/core/documents.ts';
import { MAIN, type Effect, type Input, type Moment } from '../../../src/core/io.ts';
import type { MembersDocument, MemberView } from '../../../src/core/view.ts';
import type { Birth, Subject } from '../../../src/sim/subject.ts';
import type { BootFor } from '../../../src/sim/stage.ts';

const PING = 1;
const PONG = 2;
const PERIOD = millis(200);

interface Peer {
  readonly id: NodeId;
  address: Address;
  proven: Instant | undefined;
  /** The last questions, so that one to a new address and one to the old do not cross out. */
  asked: readonly { readonly challenge: Bytes; readonly to: Address; readonly at: Instant }[];
}

/** What a toy can be made to do wrong, to see whether the world notices. */
export interface ToyFaults {
  /** Believes whoever sends anything, without a challenge. */
  readonly gullible?: boolean;
  /** Throws at the so-many-th step. */
  readonly throwsAt?: number;
  /** Sends to an address that nobody told it. */
  readonly stray?: Address;
}

/**
 * A machine simple enough to be seen through: asks everyone five times a second, believes an
 * address when the challenge sent there comes back. No keys, no records; it heals one move, nothing
 * more.
 */
export class Toy implements Subject {
  readonly id: NodeId;
  readonly #peers: Peer[];
  readonly #faults: ToyFaults;
  #steps = 0;

  constructor(id: NodeId, birth: Birth, faults: ToyFaults) {
    this.id = id;
    this.#faults = faults;
    this.#peers = (readBook(birth.book) ?? EMPTY_BOOK).history.flatMap(
      ({ id: peer, addresses }) => {
        const [known] = addresses;
        if (known === undefined) return [];
        const { address } = known;
        return [{ id: peer, address, proven: undefined, asked: [] }];
      },
    );
  }

  step(moment: Moment, input: Input): readonly Effect[] {
    this.#steps += 1;
    if (this.#steps === this.#faults.throwsAt) throw new Error('the toy broke');
    switch (input.type) {
      case 'start':
      case 'wake':
        return [...this.#askAll(moment), this.#wake(moment)];
      case 'datagram':
        return this.#hear(moment, input.from, input.bytes);
      default:
        return [];
    }
  }

  document(name: DocumentName): unknown {
    return name === 'book'
      ? writeBook(EMPTY_BOOK)
      : { acts: [], invites: [], reserved: 0, tags: [] };
  }

  members(now: Instant): MembersDocument {
    const members = this.#peers.map((peer) => viewOf(peer, now));
    return { schema: 1, self: this.id, members };
  }

  #askAll(moment: Moment): Effect[] {
    const stray = this.#faults.stray;
    const bytes = new Uint8Array(1);
    const strays: Effect[] =
      stray === undefined ? [] : [{ type: 'send', socket: MAIN, to: stray, bytes }];
    return [...this.#peers.map((peer) => this.#ask(moment, peer, peer.address)), ...strays];
  }

  #ask(moment: Moment, peer: Peer, to: Address): Effect {
    // Another one for each peer, or one peer's answer would prove another's address.
    const start = this.#peers.indexOf(peer);
    const challenge = moment.entropy.slice(start, start + 4);
    peer.asked = [{ challenge, to, at: moment.now }, ...peer.asked.slice(0, 3)];
    return { type: 'send', socket: MAIN, to, bytes: this.#message(PING, challenge) };
  }

  #hear(moment: Moment, from: Address, bytes: Bytes): Effect[] {
    if (bytes.length !== 37) return [];
    const sender = nodeIdOf(bytes.slice(5));
    const peer = this.#peers.find(({ id }) => id === sender);
    if (peer === undefined) return [];
    if (bytes[0] === PONG) {
      const asked = peer.asked.find(({ challenge }) => equal(bytes.slice(1, 5), challenge));
      if (asked !== undefined) {
        peer.address = asked.to;
        peer.proven = asked.at;
      }
      return [];
    }
    const pong = this.#message(PONG, bytes.slice(1, 5));
    const effects: Effect[] = [{ type: 'send', socket: MAIN, to: from, bytes: pong }];
    if (formatAddress(from) === formatAddress(peer.address)) return effects;
    if (this.#faults.gullible === true) {
      peer.address = from;
      peer.proven = moment.now;
      return effects;
    }
    return [...effects, this.#ask(moment, peer, from)];
  }

  #message(kind: number, challenge: Bytes): Bytes {
    return concat(Uint8Array.of(kind), challenge, publicKeyOf(this.id));
  }

  #wake(moment: Moment): Effect {
    return { type: 'wake', at: after(moment.now, PERIOD), why: 'ask everyone' };
  }
}

/** Puts toys in the nodes' places. */
export function toys(faults: ToyFaults = {}): BootFor {
  return (_suite, identity) => (birth) => new Toy(identity.id, birth, faults);
}

/** A member as it might be shown: alive, proven at the address just now. */
export function memberView(changes: Partial<MemberView> & { readonly id: NodeId }): MemberView {
  return {
    name: shortId(changes.id),
    state: 'alive',
    protocol: 2,
    address: '203.0.113.10:4117',
    proof: 'direct',
    provenMs: 0,
    path: 'udp',
    rttMs: 1,
    lastHeardMs: 0,
    addressSinceMs: 0,
    moves: 0,
    tags: {},
    ...changes,
  };
}

function viewOf(peer: Peer, now: Instant): MemberView {
  const { id, address, proven } = peer;
  return memberView({
    id,
    address: formatAddress(address),
    proof: proven === undefined ? 'none' : 'direct',
    provenMs: proven === undefined ? null : elapsed(proven, now),
  });
}
