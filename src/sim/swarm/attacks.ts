/**
 * What rogues do with their keys: each attack tries to break one rule of belief, or to make others
 * send or remember without end. The checkers say whether it came to anything.
 */

import type { Address } from '../../base/address.ts';
import type { Bytes } from '../../base/bytes.ts';
import type { NodeId } from '../../base/id.ts';
import { parseName } from '../../base/id.ts';
import { assert } from '../../base/assert.ts';
import type { Instant } from '../../base/time.ts';
import { elapsed, wallTime } from '../../base/time.ts';
import { identityFrom } from '../../crypto/identity.ts';
import { signAct, type SignedAct } from '../../wire/act.ts';
import { packNews } from '../../wire/message.ts';
import { forgedRecord } from '../attackers.ts';
import { MAIN_PORT } from '../site.ts';
import type { Stage } from '../stage.ts';
import type { AttackName } from './description.ts';
import { Accomplice, Victim } from './strangers.ts';
import { Rogue, type Lair } from './rogue.ts';

/** Own invites a rogue signs: answers to a want for them are more than eight datagrams. */
const OWN_ACTS = 150;
/** Wrong pongs before the right one: more than the eight that are allowed. */
const GUESSES = 12;
/** So long a challenge can be answered (PROTOCOL §3); guessing any longer proves nothing. */
const GUESSING = 10_000;
/** A hundred years on: no act here expires. */
const FAR = wallTime(4_102_444_800_000);
/** Made up addresses are of these networks, where nobody else is: 24,000 of them. */
const INVENTED_ISP = 100;
const INVENTED_ISPS = 100;
/** New hellos a tick of a flood: 800 a second, four times what is opened. */
const HELLOS = 40;

type Attack = (rogue: Rogue, gang: Gang, state: State) => void;

/** One challenge that the accomplice overheard, and the wrong answers to it. */
interface Guesses {
  readonly peer: NodeId;
  readonly challenge: number;
  readonly since: Instant;
  /** Pings that were sent behind wrong answers. */
  readonly probes: Set<number>;
  /** One of them was answered. */
  arrived: boolean;
}

/** What one rogue's attacks remember. */
interface State {
  ticks: number;
  readonly chain: SignedAct[];
  fork: readonly SignedAct[];
  leave: SignedAct | undefined;
  guesses: Guesses | undefined;
}

/** The rogues of a world with what they share: a victim to aim at, and an accomplice. */
export class Gang {
  readonly stage: Stage;
  readonly victim: Victim;
  readonly accomplice: Accomplice;
  /** Another one, that listens for whoever guesses. */
  readonly guesser: Accomplice;
  /** Rogues whose leave was signed: nothing must go to them any more. */
  readonly left: Set<number> = new Set<number>();
  /** Hosts that rogues made up. */
  readonly invented: Set<string> = new Set<string>();
  #inventions = 0;
  readonly #active = new Map<number, Set<AttackName>>();
  readonly #states = new Map<number, State>();

  constructor(stage: Stage) {
    this.stage = stage;
    this.victim = new Victim(stage.world, 'victim');
    this.accomplice = new Accomplice(stage.world, 'accomplice');
    this.guesser = new Accomplice(stage.world, 'guesser');
    this.victim.name();
  }

  /** From now on this rogue does this, too. */
  begin(node: number, attack: AttackName): void {
    this.#attacksOf(node).add(attack);
  }

  end(node: number, attack: AttackName): void {
    this.#attacksOf(node).delete(attack);
  }

  /** What a rogue needs to know. */
  lairOf(node: number): Lair {
    const state: State = {
      ticks: 0,
      chain: [],
      fork: [],
      leave: undefined,
      guesses: undefined,
    };
    this.#states.set(node, state);
    return {
      attacks: () => this.#attacksOf(node),
      act: (rogue) => {
        state.ticks += 1;
        for (const name of this.#attacksOf(node)) ATTACKS[name](rogue, this, state);
        if (state.leave !== undefined) this.left.add(node);
      },
      reflect: (rogue, from) => this.#reflect(node, rogue.now, from),
      answered: (peer, challenge) => {
        const { guesses } = state;
        if (guesses?.peer === peer && guesses.probes.has(challenge)) guesses.arrived = true;
      },
    };
  }

  /** Addresses that nobody ever held, named by a rogue: whoever hears of one may ask there once. */
  inventAddresses(count: number): Address[] {
    return Array.from({ length: count }, () => {
      this.#inventions += 1;
      const isp = INVENTED_ISP + (this.#inventions % INVENTED_ISPS);
      const at = Rogue.at(this.stage.world.pool.freshOf(isp), MAIN_PORT);
      this.stage.world.truth.tell(at);
      this.invented.add(at.ip);
      return at;
    });
  }

  /** All rogues tell the same lie, or each moment another. */
  #reflect(node: number, now: Instant, from: Address): Address {
    const attacks = this.#attacksOf(node);
    const { truth } = this.stage.world;
    if (attacks.has('false-reflection')) {
      truth.reflect(this.victim.ip);
      return Rogue.at(this.victim.ip, MAIN_PORT);
    }
    if (!attacks.has('new-reflections')) return from;
    const lie = Math.floor(now / 2_000) % 200;
    const at = Rogue.at(`203.0.113.${String(lie + 10)}`, MAIN_PORT);
    // Whoever believes it may say so, and others may try it: a hint earns one challenge.
    truth.reflect(at.ip);
    return at;
  }

  #attacksOf(node: number): Set<AttackName> {
    const attacks = this.#active.get(node) ?? new Set<AttackName>();
    this.#active.set(node, attacks);
    return attacks;
  }
}

const ATTACKS: Readonly<Record<AttackName, Attack>> = {
  'forge-record': (rogue, gang, state) => {
    if (state.ticks % 20 !== 0) return;
    const seaman = gang.stage.crew.find(({ identity }) => identity.id !== rogue.id);
    if (seaman === undefined) return;
    const bytes = forgedRecord(gang.stage.world, rogue.cluster, seaman);
    rogue.sayAll({ type: 'news', items: [{ kind: 'record', bytes }] });
  },
  'old-record': (rogue, _gang, state) => {
    if (state.ticks % 10 !== 0) return;
    const old = rogue.kept.toArray().filter(({ kind }) => kind === 'record');
    for (const message of packNews(old.slice(0, 8))) rogue.sayAll(message);
  },
  'claim-victim': (rogue, gang) => {
    const bytes = rogue.record([gang.victim.at(MAIN_PORT)]);
    rogue.sayAll({ type: 'news', items: [{ kind: 'record', bytes }] });
  },
  // As many as a record and hints can name, so that whoever tries it has more than it may ask.
  'claim-many': (rogue, gang, state) => {
    if (state.ticks % 20 === 0) {
      const bytes = rogue.record(gang.inventAddresses(6));
      rogue.sayAll({ type: 'news', items: [{ kind: 'record', bytes }] });
    }
    if (state.ticks % 4 !== 0) return;
    for (const address of gang.inventAddresses(1)) {
      rogue.sayAll({ type: 'introduce', seeker: rogue.id, address, record: undefined });
    }
  },
  'lucky-pong': guess,
  'any-pong': (rogue, gang, state) => {
    if (state.ticks % 20 === 0) {
      const bytes = rogue.record([gang.victim.at(MAIN_PORT)]);
      rogue.sayAll({ type: 'news', items: [{ kind: 'record', bytes }] });
    }
    for (const peer of rogue.peers) rogue.say(peer, pongTo(rogue.random.below(2 ** 32)));
  },
  // What these three do is done where pings are answered.
  'false-reflection': () => undefined,
  'new-reflections': () => undefined,
  mute: () => undefined,
  'seek-flood': (rogue) => {
    for (const target of rogue.random.sample(rogue.peers, 2)) {
      for (let count = 0; count < 3; count += 1)
        rogue.sayAll({ type: 'seek', target, sequence: 0 });
    }
  },
  // Eight a tick to each, twenty times what is acted on in a second: of anybody at the bystander's,
  // and of itself at more addresses than may be asked.
  'introduce-flood': (rogue, gang) => {
    const victim = gang.victim.at(MAIN_PORT);
    for (const address of gang.inventAddresses(4)) {
      const seeker = rogue.random.pick(rogue.peers) ?? rogue.id;
      rogue.sayAll({ type: 'introduce', seeker, address: victim, record: undefined });
      rogue.sayAll({ type: 'introduce', seeker: rogue.id, address, record: undefined });
    }
  },
  'sought-flood': (rogue, gang) => {
    const seen = gang.victim.at(MAIN_PORT);
    for (const target of rogue.random.sample(rogue.peers, 2)) {
      rogue.sayAll({ type: 'sought', target, age: 0, seen, record: undefined });
    }
  },
  'want-flood': (rogue, _gang, state) => {
    if (state.ticks % 100 === 1) {
      while (state.chain.length < OWN_ACTS) state.chain.push(invite(rogue, state.chain));
      const items = state.chain.map(({ bytes }) => ({ kind: 'act', bytes }) as const);
      for (const message of packNews(items)) rogue.sayAll(message);
    }
    const wants = [rogue.id, ...rogue.peers].map((id) => ({ kind: 'act', id, from: 1 }) as const);
    if (state.ticks % 20 === 0) rogue.sayAll({ type: 'want', wants });
  },
  'digest-flood': (rogue, _gang, state) => {
    // By turns with what each of them knows itself, so that every difference is a new one.
    if (state.ticks % 2 === 0) {
      for (const peer of rogue.peers) rogue.ping(peer);
      return;
    }
    const digest = rogue.random.below(2 ** 32);
    rogue.sayAll({ type: 'ping', challenge: rogue.random.below(2 ** 32), sequence: 0, digest });
  },
  'sequence-flood': (rogue) => {
    const sequence = 4_000_000_000;
    rogue.sayAll({ type: 'ping', challenge: rogue.random.below(2 ** 32), sequence, digest: 0 });
  },
  'hello-flood': (rogue, _gang, state) => {
    // Two seconds of six, at one of them: what is over the budget must be dropped in each.
    if (state.ticks % 120 >= 40) return;
    const peer = rogue.peers[Math.floor(state.ticks / 120) % Math.max(1, rogue.peers.length)];
    for (let count = 0; peer !== undefined && count < HELLOS; count += 1) rogue.greetAnew(peer);
  },
  'source-flood': (rogue, gang) => {
    for (const peer of rogue.peers) {
      const to = rogue.addressOf(peer);
      for (let count = 0; to !== undefined && count < 4; count += 1) {
        // About the sender itself, so that nobody answers it.
        const bytes = rogue.seal(peer, { type: 'seek', target: rogue.id, sequence: 0 });
        if (bytes !== undefined) gang.accomplice.send(to, bytes);
      }
    }
  },
  fork: (rogue, _gang, state) => {
    if (state.fork.length === 0) state.fork = [invite(rogue, []), invite(rogue, [])];
    if (state.ticks % 20 !== 0) return;
    rogue.peers.forEach((peer, index) => {
      const act = state.fork[index % 2];
      if (act === undefined) return;
      rogue.say(peer, { type: 'news', items: [{ kind: 'act', bytes: act.bytes }] });
    });
  },
  'false-acts': (rogue, gang, state) => {
    if (state.ticks % 20 !== 0) return;
    for (const { bytes } of [...impostors(rogue, state.chain), ...leaves(rogue, gang)]) {
      rogue.sayAll({ type: 'news', items: [{ kind: 'act', bytes }] });
    }
  },
  'leave-and-stay': (rogue, _gang, state) => {
    state.leave ??= signAct(rogue.suite, rogue.identity, { type: 'leave', ...link(rogue, []) });
    if (state.ticks % 10 !== 0) return;
    rogue.sayAll({ type: 'news', items: [{ kind: 'act', bytes: state.leave.bytes }] });
  },
};

/**
 * Claims the accomplice's address. What is asked there the accomplice opens and passes on; more
 * than eight wrong answers later the challenge must be worth nothing, as if it had been guessed.
 * The right one is said only when the pong to a ping behind the wrong ones tells that they arrived:
 * else a rogue with an accomplice is simply at both places, as far as anybody can tell (PROTOCOL
 * §12).
 */
function guess(rogue: Rogue, gang: Gang, state: State): void {
  gang.guesser.serve(rogue, (asked) => {
    state.guesses ??= { ...asked, since: rogue.now, probes: new Set(), arrived: false };
  });
  if (state.ticks % 20 === 0) {
    const bytes = rogue.record([gang.guesser.at(MAIN_PORT)]);
    rogue.sayAll({ type: 'news', items: [{ kind: 'record', bytes }] });
  }
  const { guesses } = state;
  if (guesses === undefined) return;
  const { peer, challenge, since, probes } = guesses;
  if (guesses.arrived || elapsed(since, rogue.now) > GUESSING) {
    if (guesses.arrived) rogue.say(peer, pongTo(challenge));
    state.guesses = undefined;
    return;
  }
  for (let count = 0; count < GUESSES; count += 1) {
    rogue.say(peer, pongTo(rogue.random.below(2 ** 32)));
  }
  probes.add(rogue.ping(peer));
}

function pongTo(challenge: number): Parameters<Rogue['sayAll']>[0] {
  const seen = Rogue.at('203.0.113.10', MAIN_PORT);
  return { type: 'pong', challenge, sequence: 0, digest: 0, seen };
}

/** Where the rogue's next act stands. */
function link(
  rogue: Rogue,
  chain: readonly SignedAct[],
): {
  readonly author: NodeId;
  readonly cluster: Rogue['cluster'];
  readonly number: number;
  readonly previous: Uint8Array;
} {
  const previous = chain.at(-1)?.hash ?? new Uint8Array(32);
  return { author: rogue.id, cluster: rogue.cluster, number: chain.length + 1, previous };
}

/** An invite of its own, well signed: any member may. */
function invite(rogue: Rogue, chain: readonly SignedAct[]): SignedAct {
  const key = rogue.suite.signingKey(rogue.random.bytes(32));
  const place = link(rogue, chain);
  return signAct(rogue.suite, rogue.identity, {
    type: 'invite',
    ...place,
    key,
    uses: 9,
    expires: FAR,
  });
}

/**
 * Admissions of somebody who does not exist: without its consent, and on an invite whose secret the
 * rogue does not have.
 */
function impostors(rogue: Rogue, chain: readonly SignedAct[]): SignedAct[] {
  const name = parseName('mole');
  assert(name !== undefined, 'a mole has a name');
  const seed = rogue.random.bytes(32);
  const opened = {
    type: 'invite',
    ...link(rogue, chain),
    key: rogue.suite.signingKey(seed),
    uses: 9,
    expires: FAR,
  } as const;
  const own = signAct(rogue.suite, rogue.identity, opened);
  const mole = identityFrom(rogue.suite, rogue.random.bytes(32));
  const { id } = mole;
  const agreement = mole.agreement.public;
  const admitted = { type: 'admit', id, agreement, name, inviteKey: opened.key } as const;
  const act = signAct(rogue.suite, rogue.identity, {
    ...admitted,
    ...link(rogue, [...chain, own]),
    redemption: rogue.random.bytes(64),
    consent: rogue.random.bytes(64),
  });
  return [own, act];
}

/** The leave of each other member, signed by the rogue in its name. */
function leaves(rogue: Rogue, gang: Gang): SignedAct[] {
  const others = gang.stage.crew.filter(({ identity }) => identity.id !== rogue.id).slice(0, 2);
  return others.map(({ identity }) => {
    const { id: author } = identity;
    const chain = rogue.membership.acts(author, 1);
    const previous = chain.at(-1)?.hash ?? new Uint8Array(32);
    const { seed, publicKey, agreement } = rogue.identity;
    const sign = (data: Bytes): Bytes => rogue.identity.sign(data);
    const forger = { id: author, seed, publicKey, agreement, sign };
    const place = { author, cluster: rogue.cluster, number: chain.length + 1, previous };
    return signAct(rogue.suite, forger, { type: 'leave', ...place });
  });
}
