import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../../src/base/bytes.ts';
import { minutes } from '../../../src/base/time.ts';
import { DEFAULTS } from '../../../src/core/config.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { Author, admitBody, found, identityOf, inviteBody } from '../../unit/core/acts.ts';
import { invite, join } from './door.ts';
import { Harbour, harbour } from './harbour.ts';
import type { Machine } from './machine.ts';
import type { Rogue } from './rogue.ts';
import { toIp } from './wire.ts';

const PLAN = { machines: ['attic', 'cellar', 'pi'], rogues: ['shed', 'barn'] };
const HOUR = 3_600_000;
/** Places in an act (PROTOCOL §7): after version, kind and cluster; after author and number. */
const AUTHOR_AT = 18;
const PREVIOUS_AT = 54;

function tell(from: Rogue, to: Machine, ...acts: readonly Bytes[]): void {
  for (const bytes of acts) from.say(to, { type: 'news', items: [{ kind: 'act', bytes }] });
}

const states = (machine: Machine): Record<string, string> =>
  Object.fromEntries(machine.view.members.map(({ name, state }) => [name, state]));

describe('silence', () => {
  it('of hours removes nobody, and who comes back is found within two minutes', () => {
    const h = new Harbour({ machines: ['attic', 'pi', 'cellar'] });
    for (const machine of h.machines) {
      machine.settings = { ...DEFAULTS, beat: minutes(1) };
      machine.start();
    }
    expect(h.wire.runUntil(() => h.whole, 5_000)).toBe(true);
    const [attic, cellar] = [h.machine(0), h.machine(2)];
    cellar.crash();
    h.wire.run(8 * HOUR);
    expect(states(attic)).toEqual({ attic: 'self', cellar: 'lost', pi: 'alive' });
    cellar.start();
    expect(h.wire.runUntil(() => attic.hasFound(cellar), 120_000)).toBe(true);
  });
});

describe('a member that left', () => {
  /** A harbour whose first rogue signed its leave, which everyone knows. */
  function left(): { h: Harbour; shed: Rogue; barn: Rogue; older: readonly Bytes[] } {
    const h = harbour(PLAN);
    const [shed, barn] = [h.rogue(0), h.rogue(1)];
    const older = [...h.authors.values()].flatMap(({ chain }) => chain.map(({ bytes }) => bytes));
    const leave = h.author(shed).sign({ type: 'leave' });
    tell(shed, h.machine(0), leave.bytes);
    h.wire.run(1_000);
    return { h, shed, barn, older };
  }

  it('is shown as left by everyone within a second', () => {
    const { h } = left();
    for (const machine of h.machines) expect(states(machine)['shed']).toBe('left');
    expect(
      h
        .machine(1)
        .eventsOf('member-left')
        .map(({ name }) => name),
    ).toEqual(['shed']);
  });

  it('is sent nothing any more, and nothing of its live sessions is opened', () => {
    const { h, shed } = left();
    const since = h.wire.now;
    h.wire.repeat(500, 20_000, () => {
      for (const machine of h.machines) shed.say(machine, shed.ping());
    });
    expect(h.wire.since(since, toIp(shed.ip))).toEqual([]);
    expect(h.machine(0).dropped('session-unknown')).toBe(40);
  });

  it('agrees no new session: its hello gets no answer', () => {
    const { h, shed } = left();
    const since = h.wire.now;
    h.wire.repeat(9_000, 27_000, () => {
      shed.greet(h.machine(0));
    });
    expect(h.wire.since(since, toIp(shed.ip))).toEqual([]);
    expect(h.machine(0).dropped('hello-stranger')).toBe(3);
  });

  it('is not brought back by an old copy of the acts, nor by a restart', () => {
    const { h, barn, older } = left();
    const [attic] = h.machines;
    if (attic === undefined) throw new Error('no machine');
    tell(barn, attic, ...older);
    h.wire.run(2_000);
    expect(states(attic)['shed']).toBe('left');
    attic.restart();
    tell(barn, attic, ...older);
    h.wire.run(5_000);
    expect(states(attic)['shed']).toBe('left');
  });

  it('is not admitted again under its old key, by anybody', () => {
    const { h, shed, barn } = left();
    const author = h.author(barn);
    const again = [
      author.sign(inviteBody('again', 5)),
      author.sign(admitBody(h.cluster, shed.identity, 'shed', 'again')),
    ];
    tell(barn, h.machine(0), ...again.map(({ bytes }) => bytes));
    h.wire.run(2_000);
    for (const machine of h.machines) expect(states(machine)['shed']).toBe('left');
    expect(join(h.machine(0), invite(h.machine(0)), shed.identity, 'shed')).toMatchObject({
      type: 'refused',
    });
  });

  it('is left for one whose disk is older than that, as soon as it hears others', () => {
    const h = harbour(PLAN);
    const [pi, shed] = [h.machine(2), h.rogue(0)];
    const files = new Map(pi.files);
    pi.crash();
    const leave = h.author(shed).sign({ type: 'leave' });
    tell(shed, h.machine(0), leave.bytes);
    h.wire.run(60_000);
    pi.files.clear();
    for (const [name, file] of files) pi.files.set(name, file);
    pi.start();
    expect(h.wire.runUntil(() => states(pi)['shed'] === 'left', 10_000)).toBe(true);
  });

  it('leaves its name to whoever joins under it next', () => {
    const { h } = left();
    const attic = h.machine(0);
    const next = identityOf('another shed');
    expect(join(attic, invite(attic), next, 'shed')).toMatchObject({ type: 'admitted' });
    h.wire.run(1_000);
    for (const machine of h.machines) {
      expect(machine.running.find('shed')).toBe(next.id);
    }
  });

  it('has its record and its addresses forgotten', () => {
    const { h, shed } = left();
    const old = shed.record(7, [shed.address]);
    h.rogue(1).say(h.machine(0), { type: 'news', items: [{ kind: 'record', bytes: old }] });
    h.wire.run(1_000);
    expect(h.machine(0).dropped('record-stranger')).toBe(1);
    expect(JSON.stringify(h.machine(0).running.document('book'))).not.toContain(shed.id);
    expect(h.machine(0).sees(shed)).toMatchObject({ address: null, proof: 'none' });
  });
});

describe('an act', () => {
  it('of a stranger, of another cluster, or forged makes nobody a member', () => {
    const h = harbour(PLAN);
    const [attic, barn] = [h.machine(0), h.rogue(1)];
    const mole = identityOf('mole');
    const foreign = found('elsewhere');
    foreign.sign(inviteBody('mole', 5));
    foreign.admit(mole, 'mole', 'mole');
    const forger = new Author(identityOf('stranger'), h.cluster);
    forger.sign(inviteBody('mole', 5));
    forger.admit(mole, 'mole', 'mole');
    const acts = [...foreign.chain, ...forger.chain].map(({ bytes }) => bytes);
    // What one member signed, in the name of another: the chain fits, the signature does not.
    const author = h.author(barn);
    const invited = new Uint8Array(author.sign(inviteBody('mole', 5)).bytes);
    const admitted = new Uint8Array(author.admit(mole, 'mole', 'mole').bytes);
    for (const act of [invited, admitted]) act.set(h.machine(2).identity.publicKey, AUTHOR_AT);
    admitted.set(nodeSuite.hash(invited), PREVIOUS_AT);
    acts.push(invited, admitted);
    tell(barn, attic, ...acts);
    h.wire.run(3_000);
    for (const machine of h.machines) {
      expect(Object.keys(states(machine)).toSorted()).toEqual([
        'attic',
        'barn',
        'cellar',
        'pi',
        'shed',
      ]);
    }
  });

  it('that admits somebody under another member’s key takes nothing from that member', () => {
    const h = harbour(PLAN);
    const [attic, cellar, barn] = [h.machine(0), h.machine(1), h.rogue(1)];
    const author = h.author(barn);
    const mole = identityOf('mole');
    const key = cellar.identity.agreement.public;
    author.sign(inviteBody('mole', 5));
    author.sign(admitBody(h.cluster, mole, 'mole', 'mole', undefined, key));
    tell(barn, attic, ...author.chain.map(({ bytes }) => bytes));
    h.wire.run(5_000);
    expect(states(attic)['mole']).toBeDefined();
    cellar.restart();
    expect(
      h.wire.runUntil(
        () => h.machines.every((machine) => machine === cellar || machine.hasFound(cellar)),
        5_000,
      ),
    ).toBe(true);
    h.wire.run(10_000);
    expect(attic.sees(mole)).toMatchObject({ address: null, proof: 'none', lastHeardMs: null });
  });

  it('signed twice under one number makes all keep the same one and name its author', () => {
    const h = harbour(PLAN);
    const [attic, cellar, barn] = [h.machine(0), h.machine(1), h.rogue(1)];
    const author = h.author(barn);
    const other = author.branch(1);
    author.sign(inviteBody('one', 5));
    author.sign(admitBody(h.cluster, identityOf('loft'), 'loft', 'one'));
    other.sign(inviteBody('two', 5));
    other.sign(admitBody(h.cluster, identityOf('porch'), 'porch', 'two'));
    tell(barn, attic, ...author.chain.map(({ bytes }) => bytes));
    tell(barn, cellar, ...other.chain.map(({ bytes }) => bytes));
    h.wire.run(30_000);
    const views = h.machines.map((machine) => states(machine));
    const names = views.map((view) => Object.keys(view).toSorted().join());
    expect(new Set(names).size).toBe(1);
    expect(
      h.machines.flatMap((machine) => machine.eventsOf('fork')).map(({ name }) => name),
    ).toContain('barn');
  });

  it('that removes another spreads, cuts live sessions, and no old copy undoes it', () => {
    const h = harbour(PLAN);
    const [attic, shed, barn] = [h.machine(0), h.rogue(0), h.rogue(1)];
    const older = [...h.authors.values()].flatMap(({ chain }) => chain.map(({ bytes }) => bytes));
    const nothing = { last: 0, lastHash: new Uint8Array(32) };
    tell(barn, attic, h.author(barn).sign({ type: 'remove', id: shed.id, ...nothing }).bytes);
    h.wire.run(1_000);
    expect(h.machines.map((machine) => states(machine)['shed'])).toEqual(['left', 'left', 'left']);
    const since = h.wire.now;
    for (const machine of h.machines) shed.say(machine, shed.ping());
    shed.greet(attic);
    tell(barn, attic, ...older);
    attic.restart();
    tell(barn, attic, ...older);
    h.wire.run(5_000);
    expect(h.wire.since(since, toIp(shed.ip))).toEqual([]);
    expect(h.machines.map((machine) => states(machine)['shed'])).toEqual(['left', 'left', 'left']);
  });

  it('that gives a taken name to others leaves it where it was, everywhere', () => {
    const h = harbour(PLAN);
    const [attic, cellar, barn] = [h.machine(0), h.machine(1), h.rogue(1)];
    const author = h.author(barn);
    author.sign(inviteBody('thief', 50));
    for (let thief = 0; thief < 20; thief += 1) {
      author.sign(admitBody(h.cluster, identityOf(`thief ${String(thief)}`), 'cellar', 'thief'));
    }
    tell(barn, attic, ...author.chain.map(({ bytes }) => bytes));
    h.wire.run(5_000);
    for (const machine of h.machines) {
      expect(machine.view.members).toHaveLength(25);
      expect(machine.running.find('cellar')).toBe(cellar.id);
      const names = machine.view.members.map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
    }
  });
});
