/**
 * The hub of v1: a node of the original's kind as a machine without I/O. Each input goes to the arm
 * that deals with it, each alarm to the arm that set it.
 */

import { assert, InvariantError, unreachable } from '../base/assert.ts';
import { SeededRandom } from '../base/random.ts';
import type { Instant } from '../base/time.ts';
import { instant, wallTime } from '../base/time.ts';
import { Agenda } from './agenda.ts';
import { callFailed, response } from './answer.ts';
import { Calls } from './calls.ts';
import { command } from './command.ts';
import { isName } from './codec.ts';
import { VISIBLE_MAX, type V1Settings } from './config.ts';
import { beatAll, callsUs, expectCalls, lose, stateOf, vote, type Crew } from './crew.ts';
import { beatDue, doubtDue, visit } from './cycle.ts';
import { readDocument, writeDocument, type StoredV1 } from './document.ts';
import { Guesses } from './guesses.ts';
import type { V1Effect, V1Input, V1Moment } from './io.ts';
import { Logins } from './logins.ts';
import { callBack, graceOver } from './move.ts';
import { Peer } from './peer.ts';
import { Peers } from './peers.ts';
import { loginChecked, request } from './serve.ts';
import { SlowDown } from './slow-down.ts';
import type { V1OwnView, V1PeerView } from './view.ts';
import type { Winner } from './vote.ts';

/** What a v1 node is made of. */
export interface V1Config {
  /** The name that its peers know it by: 1–64 printable characters. */
  readonly name: string;
  /** As `V1Machine.readDocument` gave it; undefined: an empty state. */
  readonly stored: StoredV1 | undefined;
  readonly settings: V1Settings;
  /** For choices and jitter only. */
  readonly seed: number;
}

/** Rounds of alarms in one step; more would mean that an alarm sets itself to now. */
const ROUNDS_PER_STEP = 1_000;

/** One v1 node. Drive it with `step`; read it with `peers` and `own`. */
export class V1Machine {
  readonly name: string;
  readonly #crew: Crew;
  #wakeAt: Instant | undefined;

  /** An `InvariantError` for a name that is none: hosts check what operators typed. */
  constructor(config: V1Config) {
    if (!isName(config.name)) throw new InvariantError('a v1 node has no usable name');
    // The range that operators may set is the edge's affair; this would be a machine that spins.
    assert(config.settings.interval >= 1, 'the interval of v1 is no time at all');
    this.name = config.name;
    this.#crew = gather(config);
  }

  /** The document read back; undefined when it is not one. */
  static readDocument(json: unknown): StoredV1 | undefined {
    return readDocument(json);
  }

  /** Takes one input and returns what is to be done about it, in order. Never throws on input. */
  step(moment: V1Moment, input: V1Input): readonly V1Effect[] {
    const crew = this.#crew;
    crew.now = moment.now;
    crew.wall = moment.wall;
    crew.entropy = moment.entropy;
    this.#take(input);
    this.#ring();
    if (crew.viewChanged) crew.effects.push({ type: 'view-changed' });
    if (crew.unsaved) crew.effects.push({ type: 'save' });
    crew.viewChanged = false;
    crew.unsaved = false;
    this.#askToBeWoken();
    return crew.effects.splice(0);
  }

  /** What is to be written to disk: plain data, as JSON can hold it. Holds secrets. */
  document(): unknown {
    return writeDocument(this.stored());
  }

  /** The same as values, for `writeOriginal`. Holds secrets. */
  stored(): StoredV1 {
    const { name, peers, own, movedAt, heardAt } = this.#crew;
    return { name, peers: Array.from(peers.all(), (peer) => peer.stored()), own, movedAt, heardAt };
  }

  /** Peers that the views show, by name in order of code units. */
  peers(now: Instant): readonly V1PeerView[] {
    const shown = [...this.#crew.peers].sort((a, b) => (a.name < b.name ? -1 : 1));
    return shown.map((peer) => this.#view(peer, now));
  }

  /** One peer; undefined: nobody of that name. */
  find(name: string, now: Instant): V1PeerView | undefined {
    const peer = this.#crew.peers.listed(name);
    return peer === undefined ? undefined : this.#view(peer, now);
  }

  /** Where the peers see this node. */
  own(): V1OwnView {
    const { election, own } = this.#crew;
    return {
      public: shown(election.public, own.public),
      private: shown(election.private, own.private),
    };
  }

  #view(peer: Peer, now: Instant): V1PeerView {
    return peer.view(now, stateOf(this.#crew, peer, now));
  }

  #take(input: V1Input): void {
    const crew = this.#crew;
    switch (input.type) {
      case 'start':
        return this.#start();
      case 'wake':
        this.#wakeAt = undefined;
        return;
      case 'request':
        return request(crew, input);
      case 'login-checked':
        return loginChecked(crew, input.request, input.login);
      case 'response':
        return response(crew, input);
      case 'call-failed':
        return callFailed(crew, input.call, input.reason);
      case 'command':
        return command(crew, input.id, input.command);
      case 'cluster':
        crew.cluster = {
          own: input.cluster.own,
          visible: input.cluster.visible.slice(0, VISIBLE_MAX),
        };
        return;
      default:
        return unreachable(input);
    }
  }

  #start(): void {
    const crew = this.#crew;
    for (const peer of crew.peers) if (!peer.called) expectCalls(crew, peer);
    beatAll(crew);
  }

  #ring(): void {
    const crew = this.#crew;
    for (let round = 0; round < ROUNDS_PER_STEP; round += 1) {
      const due = crew.agenda.take(crew.now);
      if (due.length === 0) return;
      for (const alarm of due) this.#alarm(alarm);
    }
    throw new InvariantError('an alarm sets itself to now');
  }

  #alarm(alarm: string): void {
    const crew = this.#crew;
    if (alarm === 'save') {
      crew.unsaved = true;
      return;
    }
    const colon = alarm.indexOf(':');
    const peer = crew.peers.listed(alarm.slice(colon + 1));
    if (peer === undefined) return;
    switch (alarm.slice(0, colon)) {
      case 'beat':
        return beatDue(crew, peer);
      case 'ask':
        return visit(crew, peer);
      case 'doubt':
        return doubtDue(crew, peer);
      case 'back':
        return callBack(crew, peer);
      case 'grace':
        return graceOver(crew, peer);
      case 'silence':
        if (!peer.called && !callsUs(crew, peer)) lose(crew, peer);
        return;
    }
  }

  #askToBeWoken(): void {
    const at = this.#crew.agenda.next;
    if (at === undefined || at === this.#wakeAt) return;
    this.#wakeAt = at;
    this.#crew.effects.push({ type: 'wake', at, why: 'agenda' });
  }
}

function gather(config: V1Config): Crew {
  const { stored } = config;
  const peers = new Peers();
  for (const one of stored?.peers ?? []) {
    if (one.name !== config.name) peers.put(Peer.restore(one));
  }
  const crew: Crew = {
    name: config.name,
    settings: config.settings,
    random: new SeededRandom(config.seed),
    peers,
    calls: new Calls(),
    agenda: new Agenda(),
    logins: new Logins(),
    slowDown: new SlowDown(),
    guesses: new Guesses(),
    waits: new Map(),
    registerNext: new Set(),
    now: instant(0),
    wall: wallTime(0),
    entropy: new Uint8Array(0),
    effects: [],
    viewChanged: false,
    unsaved: false,
    beating: config.settings.beat,
    orphan: false,
    cluster: { own: [], visible: [] },
    election: { public: undefined, private: undefined },
    own: stored?.own ?? { public: undefined, private: undefined },
    movedAt: stored?.movedAt,
    heardAt: stored?.heardAt,
    hurriedAt: undefined,
  };
  vote(crew);
  crew.effects.length = 0;
  return crew;
}

/** Without a ballot what was known last is shown, with no votes. */
function shown(
  winner: Winner | undefined,
  last: string | undefined,
): { readonly ip: string; readonly votes: number; readonly voters: number } | null {
  if (winner !== undefined) return winner;
  return last === undefined ? null : { ip: last, votes: 0, voters: 0 };
}
