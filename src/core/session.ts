/**
 * Sessions: who may read and write to whom (PROTOCOL §2). Says hello, answers hellos, seals and
 * opens. Knows nothing of addresses: a node that moved goes on in the same session.
 */

import { concat, equal, toHex, utf8, type Bytes } from '../base/bytes.ts';
import { clusterIdBytes, type ClusterId, type NodeId } from '../base/id.ts';
import { elapsed, type Instant } from '../base/time.ts';
import type { Identity } from '../crypto/identity.ts';
import {
  answerHello,
  beginHello,
  readAnswer,
  readHello,
  type HelloState,
  type SessionKeys,
} from '../crypto/noise.ts';
import type { Suite } from '../crypto/suite.ts';
import type { Unpredictable } from '../crypto/unpredictable.ts';
import {
  encodeAnswer,
  encodeHello,
  encodeSession,
  helloMac,
  helloMacKey,
  sessionHeader,
  type Packet,
} from '../wire/packet.ts';
import {
  HELLO_BUDGET,
  HELLO_ANSWERS,
  HELLO_FRESH,
  PROVISIONAL_PER_MEMBER,
  REFUSE_AGE,
  REFUSE_COUNT,
  REKEY_AGE,
  REKEY_ANSWERER_EXTRA,
  REKEY_COUNT,
  SESSIONS_PER_MEMBER,
} from './config.ts';
import { ReplayWindow } from './replay-window.ts';

/** What came of a packet. Only `opened` carries something that a member said. */
export type SessionVerdict =
  /** A message opened; `confirmed` when it is the first under keys a hello agreed. */
  | { readonly type: 'opened'; readonly peer: NodeId; readonly message: Bytes }
  /** My hello was answered: keys are there, ping at once. */
  | { readonly type: 'established'; readonly peer: NodeId }
  /** A member said hello: send this back to where it came from. Believe nothing. */
  | { readonly type: 'reply'; readonly peer: NodeId; readonly bytes: Bytes }
  | { readonly type: 'dropped'; readonly reason: SessionDrop };

/** Why a packet was dropped in silence. */
export type SessionDrop =
  | 'hello-mac'
  | 'hello-budget'
  | 'hello-unopened'
  | 'hello-stranger'
  | 'hello-repeated'
  | 'answer-unexpected'
  | 'answer-unopened'
  | 'session-unknown'
  | 'session-expired'
  | 'session-replayed'
  | 'session-unopened';

interface Session {
  readonly type: 'session';
  readonly peer: NodeId;
  readonly index: number;
  readonly remoteIndex: number;
  readonly keys: SessionKeys;
  readonly since: Instant;
  readonly window: ReplayWindow;
  /** The hello that made it, when the other side sent it, and my answer: repeats get the same. */
  readonly answered:
    { readonly ephemeral: string; readonly bytes: Bytes; times: number } | undefined;
  counter: number;
  confirmed: boolean;
}

/** A hello of mine that waits for its answer. */
interface Greeting {
  readonly type: 'greeting';
  readonly peer: NodeId;
  readonly index: number;
  readonly state: HelloState;
  readonly bytes: Bytes;
  readonly since: Instant;
}

interface PeerSessions {
  /** Newest first; I seal under the first. */
  confirmed: Session[];
  provisional: Session[];
  greetings: Greeting[];
}

/** A hello begins with the sender's ephemeral key, which no two hellos share. */
const EPHEMERAL_SIZE = 32;

/**
 * Two hellos may be under way to a member, so that an answer slower than the retry still counts.
 */
const GREETINGS_PER_MEMBER = 2;

/** All sessions of this node. */
export class Sessions {
  readonly #suite: Suite;
  readonly #own: Identity;
  readonly #unpredictable: Unpredictable;
  readonly #prologue: Bytes;
  readonly #macKey: Bytes;
  readonly #peers = new Map<NodeId, PeerSessions>();
  readonly #indexes = new Map<number, Session | Greeting>();
  /** By ephemeral key in hexadecimal: sessions that a hello made, so as many as are held. */
  readonly #answered = new Map<string, Session>();
  readonly #peerMacKeys = new Map<NodeId, Bytes>();
  #budget = HELLO_BUDGET;
  #budgetAt: Instant | undefined;

  constructor(suite: Suite, own: Identity, cluster: ClusterId, unpredictable: Unpredictable) {
    this.#suite = suite;
    this.#own = own;
    this.#unpredictable = unpredictable;
    this.#prologue = concat(utf8('flotilla v2'), clusterIdBytes(cluster));
    this.#macKey = helloMacKey(suite, own.agreement.public);
  }

  /** Opens a packet. `member` names the member that holds a static key, if one does. */
  receive(
    packet: Packet,
    now: Instant,
    member: (agreement: Bytes) => NodeId | undefined,
  ): SessionVerdict {
    switch (packet.type) {
      case 'hello':
        return this.#hello(packet, now, member);
      case 'answer':
        return this.#answer(packet, now);
      case 'session':
        return this.#open(packet, now);
    }
  }

  /** Whether something can be sealed for this member. */
  has(peer: NodeId, now: Instant): boolean {
    return this.#current(peer, now) !== undefined;
  }

  /** Whether keys have to be agreed (again) before long. */
  wantsHello(peer: NodeId, now: Instant): boolean {
    const session = this.#current(peer, now);
    if (session === undefined) return true;
    const limit = session.answered ? REKEY_AGE + REKEY_ANSWERER_EXTRA : REKEY_AGE;
    return elapsed(session.since, now) > limit || session.counter > REKEY_COUNT;
  }

  /** Seals a message for a member; undefined when there is no live session. */
  seal(peer: NodeId, message: Bytes, now: Instant): Bytes | undefined {
    const session = this.#current(peer, now);
    if (session === undefined) return undefined;
    const header = sessionHeader(session.remoteIndex, session.counter);
    const sealed = this.#suite.seal(session.keys.send, session.counter, header, message);
    session.counter += 1;
    return encodeSession(header, sealed);
  }

  /**
   * A hello to a member whose static key is known; the same bytes for HELLO_FRESH, so that repeats
   * and calls to several addresses agree one session. Undefined: its key is no point of the curve.
   */
  greet(peer: NodeId, agreement: Bytes, now: Instant): Bytes | undefined {
    const sessions = this.#of(peer);
    const last = sessions.greetings[0];
    if (last !== undefined && elapsed(last.since, now) < HELLO_FRESH) return last.bytes;
    const begun = beginHello(
      this.#suite,
      this.#prologue,
      this.#own.agreement,
      this.#unpredictable.bytes(32),
      agreement,
    );
    if (begun === undefined) return undefined;
    const index = this.#freshIndex();
    const macKey = this.#macKeyOf(peer, agreement);
    const bytes = encodeHello(index, begun.message, (input) =>
      helloMac(this.#suite, macKey, input),
    );
    const greeting: Greeting = {
      type: 'greeting',
      peer,
      index,
      state: begun.state,
      bytes,
      since: now,
    };
    this.#keep(sessions.greetings, greeting, GREETINGS_PER_MEMBER);
    return bytes;
  }

  /** Drops all keys shared with a member that left. */
  forget(peer: NodeId): void {
    const sessions = this.#peers.get(peer);
    if (sessions === undefined) return;
    for (const entry of [...sessions.confirmed, ...sessions.provisional, ...sessions.greetings]) {
      this.#drop(entry);
    }
    this.#peers.delete(peer);
    this.#peerMacKeys.delete(peer);
  }

  /** Drops all keys: after a clock jump this may be a resumed snapshot (PROTOCOL §2.4). */
  forgetAll(): void {
    this.#peers.clear();
    this.#indexes.clear();
    this.#answered.clear();
  }

  /**
   * Says at most one thing back, no larger than the hello, and believes nothing (PROTOCOL §2.2). In
   * the order of cost: a MAC, a look-up, then under a budget the agreement of keys.
   */
  #hello(
    packet: Extract<Packet, { type: 'hello' }>,
    now: Instant,
    member: (agreement: Bytes) => NodeId | undefined,
  ): SessionVerdict {
    if (!equal(helloMac(this.#suite, this.#macKey, packet.macInput), packet.mac)) {
      return dropped('hello-mac');
    }
    const ephemeral = toHex(packet.noise.subarray(0, EPHEMERAL_SIZE));
    const repeated = this.#repeated(ephemeral);
    if (repeated !== undefined) return repeated;
    if (!this.#spendBudget(now)) return dropped('hello-budget');
    const read = readHello(this.#suite, this.#prologue, this.#own.agreement, packet.noise);
    if (read === undefined) return dropped('hello-unopened');
    const peer = member(read.peerStatic);
    if (peer === undefined || peer === this.#own.id) return dropped('hello-stranger');
    const answer = answerHello(this.#suite, read.state, this.#unpredictable.bytes(32));
    if (answer === undefined) return dropped('hello-unopened');
    const index = this.#freshIndex();
    const bytes = encodeAnswer(index, packet.senderIndex, answer.message);
    const answered = { ephemeral, bytes, times: 1 };
    const session = newSession(peer, index, packet.senderIndex, answer.keys, now, answered);
    this.#keep(this.#of(peer).provisional, session, PROVISIONAL_PER_MEMBER);
    return { type: 'reply', peer, bytes };
  }

  /** A hello seen before: the same answer, a few times, and no second session. */
  #repeated(ephemeral: string): SessionVerdict | undefined {
    const session = this.#answered.get(ephemeral);
    if (session?.answered === undefined) return undefined;
    const { peer, answered } = session;
    answered.times += 1;
    if (answered.times > HELLO_ANSWERS) return dropped('hello-repeated');
    return { type: 'reply', peer, bytes: answered.bytes };
  }

  /** My hello was answered: only who has the member's seed and saw my hello can have done that. */
  #answer(packet: Extract<Packet, { type: 'answer' }>, now: Instant): SessionVerdict {
    const greeting = this.#indexes.get(packet.receiverIndex);
    if (greeting?.type !== 'greeting') return dropped('answer-unexpected');
    const keys = readAnswer(this.#suite, greeting.state, this.#own.agreement, packet.noise);
    if (keys === undefined) return dropped('answer-unopened');
    const sessions = this.#of(greeting.peer);
    sessions.greetings = sessions.greetings.filter((other) => other !== greeting);
    // The index stays: it is what the other side addresses this session by.
    const session = newSession(greeting.peer, greeting.index, packet.senderIndex, keys, now);
    this.#keep(sessions.confirmed, session, SESSIONS_PER_MEMBER);
    session.confirmed = true;
    return { type: 'established', peer: greeting.peer };
  }

  /**
   * The cheap questions come before the cipher, and a counter is used up only by what opened: else
   * a forger could spend the numbers of genuine datagrams.
   */
  #open(packet: Extract<Packet, { type: 'session' }>, now: Instant): SessionVerdict {
    const session = this.#indexes.get(packet.index);
    if (session?.type !== 'session') return dropped('session-unknown');
    if (elapsed(session.since, now) > REFUSE_AGE) return dropped('session-expired');
    if (!session.window.fresh(packet.counter)) return dropped('session-replayed');
    const message = this.#suite.open(
      session.keys.receive,
      packet.counter,
      packet.header,
      packet.sealed,
    );
    if (message === undefined) return dropped('session-unopened');
    session.window.mark(packet.counter);
    if (!session.confirmed) this.#confirm(session);
    return { type: 'opened', peer: session.peer, message };
  }

  /** The other side proved that it holds the keys: from now on I seal under them too. */
  #confirm(session: Session): void {
    const sessions = this.#of(session.peer);
    sessions.provisional = sessions.provisional.filter((other) => other !== session);
    session.confirmed = true;
    this.#keep(sessions.confirmed, session, SESSIONS_PER_MEMBER);
  }

  /** Puts an entry first in its list, makes it reachable by index, drops what is over the bound. */
  #keep<T extends Session | Greeting>(list: T[], entry: T, bound: number): void {
    list.unshift(entry);
    this.#indexes.set(entry.index, entry);
    if (entry.type === 'session' && entry.answered !== undefined) {
      this.#answered.set(entry.answered.ephemeral, entry);
    }
    for (const old of list.splice(bound)) this.#drop(old);
  }

  /** Nothing that arrives leads to this entry any more. */
  #drop(entry: Session | Greeting): void {
    this.#indexes.delete(entry.index);
    if (entry.type === 'session' && entry.answered !== undefined) {
      this.#answered.delete(entry.answered.ephemeral);
    }
  }

  /** The session to seal under: confirmed last, not too old, with counters left. */
  #current(peer: NodeId, now: Instant): Session | undefined {
    const session = this.#peers.get(peer)?.confirmed[0];
    if (session === undefined) return undefined;
    const usable = elapsed(session.since, now) <= REFUSE_AGE && session.counter < REFUSE_COUNT;
    return usable ? session : undefined;
  }

  #of(peer: NodeId): PeerSessions {
    let sessions = this.#peers.get(peer);
    if (sessions === undefined) {
      sessions = { confirmed: [], provisional: [], greetings: [] };
      this.#peers.set(peer, sessions);
    }
    return sessions;
  }

  /** Kept, since hellos to one member are repeated while it does not answer. */
  #macKeyOf(peer: NodeId, agreement: Bytes): Bytes {
    let key = this.#peerMacKeys.get(peer);
    if (key === undefined) {
      key = helloMacKey(this.#suite, agreement);
      this.#peerMacKeys.set(peer, key);
    }
    return key;
  }

  /** Unique among the live ones: two under one index would cost the older its datagrams. */
  #freshIndex(): number {
    let index = this.#unpredictable.u32();
    while (this.#indexes.has(index)) index = this.#unpredictable.u32();
    return index;
  }

  /**
   * A token bucket of one second's depth: who floods recorded hellos costs at most this much work.
   */
  #spendBudget(now: Instant): boolean {
    const since = this.#budgetAt === undefined ? 0 : elapsed(this.#budgetAt, now);
    this.#budget = Math.min(HELLO_BUDGET, this.#budget + (since * HELLO_BUDGET) / 1000);
    this.#budgetAt = now;
    if (this.#budget < 1) return false;
    this.#budget -= 1;
    return true;
  }
}

function newSession(
  peer: NodeId,
  index: number,
  remoteIndex: number,
  keys: SessionKeys,
  now: Instant,
  answered?: Session['answered'],
): Session {
  return {
    type: 'session',
    peer,
    index,
    remoteIndex,
    keys,
    since: now,
    window: new ReplayWindow(),
    answered,
    counter: 0,
    confirmed: false,
  };
}

function dropped(reason: SessionDrop): SessionVerdict {
  return { type: 'dropped', reason };
}
