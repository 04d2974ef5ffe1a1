/** Draws a world from a seed: first what kind it is and who lives in it, then what happens when. */

import { SeededRandom } from '../../base/random.ts';
import { millis } from '../../base/time.ts';
import { FAULT_TYPES, drawFault, type FaultType } from '../faults.ts';
import { FAIR, type Weather } from '../network.ts';
import type { AttackName, Happening, Incident, NodeDescription } from './description.ts';
import type { NodeRole, RouterKind, WorldDescription } from './description.ts';

/**
 * What a world is about. One world with everything in it would hide each fault behind the others,
 * and some rules can only be held to exactly where nothing is lost.
 *
 * `rough`: everything breaks. `gentle`: nothing is lost, rogues do their worst. `forwarded`:
 * somebody on the way passes datagrams on. `puppets`: half the members are one party, in one
 * network. `doors`: they come and go.
 */
export type Theme = 'rough' | 'gentle' | 'forwarded' | 'puppets' | 'doors';

/** How often each theme comes, of all. */
const THEMES: readonly (readonly [Theme, number])[] = [
  ['rough', 8],
  ['gentle', 6],
  ['doors', 3],
  ['forwarded', 2],
  ['puppets', 1],
];

/** What a caller may fix. */
export interface DrawOptions {
  readonly theme?: Theme | undefined;
  readonly nodes?: number | undefined;
  readonly chaosMs?: number | undefined;
  /** Attacks that the rogues of a gentle world choose from. */
  readonly attacks?: readonly AttackName[] | undefined;
  /** Every node behind a home router. */
  readonly nat?: boolean | undefined;
}

/** Mean time between two happenings of a rough world, drawn once: from weather to disaster. */
const PAUSES: readonly [number, number] = [400, 6_000];

/** Of cheap boards: up to 100 ppm off. */
const DRIFT_PPM = 100;
const HOUR = 3_600_000;

/** Attacks that need no calm around them to be judged. */
const ROUGH_ATTACKS: readonly AttackName[] = [
  ...(['forge-record', 'old-record', 'claim-victim', 'claim-many', 'any-pong'] as const),
  ...(['new-reflections', 'want-flood', 'digest-flood', 'fork', 'false-acts', 'mute'] as const),
  ...(['seek-flood', 'introduce-flood', 'sought-flood', 'hello-flood', 'source-flood'] as const),
];

const GENTLE_ATTACKS: readonly AttackName[] = [
  ...ROUGH_ATTACKS,
  ...(['lucky-pong', 'sequence-flood', 'false-reflection'] as const),
];

/** Draws a whole world. The same seed and options give the same world, for ever. */
export function drawWorld(seed: number, options: DrawOptions = {}): WorldDescription {
  const random = new SeededRandom(seed);
  const theme = options.theme ?? themeOf(random);
  const draft = DRAWERS[theme](random.fork(), options);
  const happenings = draft.happenings.toSorted((a, b) => a.atMs - b.atMs);
  return { seed, ...draft, happenings };
}

/** The theme that a seed alone would have. */
function themeOf(random: SeededRandom): Theme {
  const all = THEMES.flatMap(([theme, weight]) => Array.from({ length: weight }, () => theme));
  return random.pick(all) ?? 'rough';
}

type Draft = Omit<WorldDescription, 'seed'>;

const DRAWERS: Readonly<Record<Theme, (random: SeededRandom, options: DrawOptions) => Draft>> = {
  rough,
  gentle,
  forwarded,
  puppets,
  doors,
};

function rough(random: SeededRandom, options: DrawOptions): Draft {
  const chaosMs = options.chaosMs ?? whole(random, 10_000, 35_000);
  const count = options.nodes ?? 3 + random.below(6);
  const roles = castOf(random, count, { rogues: random.below(2), late: random.below(2) });
  const nodes = roles.map((role) => someone(random, role, options));
  const kinds = FAULT_TYPES.filter(() => random.chance(0.5));
  const pause = random.between(...PAUSES);
  const happenings: Happening[] = [
    ...faultsOf(random, kinds, roles, { chaosMs, pause }),
    ...attacksOf(random, roles, ROUGH_ATTACKS, chaosMs),
    ...comings(random, roles, chaosMs),
    ...strangers(random, chaosMs, count - 1),
    ...rollbacks(random, roles, chaosMs),
  ];
  if (random.chance(0.3)) {
    happenings.push({ type: 'slow', node: random.below(count), ...span(random, chaosMs, 8_000) });
  }
  return { nodes, weather: random.chance(0.5) ? FAIR : drizzle(random), chaosMs, happenings };
}

function gentle(random: SeededRandom, options: DrawOptions): Draft {
  const chaosMs = options.chaosMs ?? whole(random, 10_000, 25_000);
  const count = options.nodes ?? 4 + random.below(4);
  const liars = options.attacks === undefined ? random.below(2) : 0;
  const roles = castOf(random, count, { rogues: 1, liars, late: 0 });
  const nodes = roles.map((role) => someone(random, role, options));
  const kinds = (['move', 'swap', 'inherit', 'set-wall'] as const).filter(() => random.chance(0.6));
  const pause = random.between(2_000, 8_000);
  const happenings = [
    ...faultsOf(random, kinds, roles, { chaosMs, pause }),
    ...attacksOf(random, roles, options.attacks ?? attacksBeside(roles), chaosMs, 6),
    ...strangers(random, chaosMs, count - 1),
  ];
  return { nodes, weather: FAIR, chaosMs, happenings };
}

/** A liar is there already: two different lies beside few honest voters would be too many. */
function attacksBeside(roles: readonly NodeRole[]): readonly AttackName[] {
  if (!roles.includes('liar')) return GENTLE_ATTACKS;
  const lies: readonly AttackName[] = ['false-reflection', 'new-reflections'];
  return GENTLE_ATTACKS.filter((attack) => !lies.includes(attack));
}

/** Nothing but moves of others: who is forwarded must be shown where it is all the time. */
function forwarded(random: SeededRandom, options: DrawOptions): Draft {
  const chaosMs = options.chaosMs ?? whole(random, 15_000, 25_000);
  // With four or more, what one peer sees is outvoted.
  const count = options.nodes ?? 4 + random.below(4);
  const nodes = castOf(random, count, {}).map((role) => ({
    ...someone(random, role, options),
    router: 'none' as const,
  }));
  const node = 1;
  const happenings: Happening[] = [
    { type: 'forward', node, by: 0, atMs: 1_000, lengthMs: chaosMs - 3_000 },
    ...strangers(random, chaosMs, 0),
  ];
  for (let at = 3_000; count > 2 && at < chaosMs; at += whole(random, 3_000, 9_000)) {
    const mover = 2 + random.below(count - 2);
    happenings.push({ type: 'move', nodes: [mover], atMs: at, lengthMs: 0 });
  }
  return { nodes, weather: FAIR, chaosMs, happenings };
}

/**
 * Four rogues of one network tell one lie; four honest members, each of another network, move
 * one at a time and within their own. By heads the rogues would win, by groups they lose, also
 * while one honest member is silent (PROTOCOL §4.1: three groups must remain).
 */
function puppets(random: SeededRandom, options: DrawOptions): Draft {
  const chaosMs = options.chaosMs ?? whole(random, 15_000, 25_000);
  const honest = range(0, 4);
  const nodes = range(0, 8).map((index) => ({
    ...someone(random, honest.includes(index) ? 'member' : 'rogue', options),
    router: 'none' as const,
    isp: honest.includes(index) ? index : 9,
  }));
  const happenings: Happening[] = range(4, 8).map((node) => {
    return { type: 'attack', node, attack: 'false-reflection', atMs: 0, lengthMs: HOUR } as const;
  });
  for (let at = 2_000; at < chaosMs; at += whole(random, 6_000, 9_000)) {
    happenings.push({ type: 'move', nodes: [1 + random.below(3)], atMs: at, lengthMs: 0 });
  }
  return { nodes, weather: FAIR, chaosMs, happenings };
}

/** Members come and go, and power fails where it hurts: between a write and what follows it. */
function doors(random: SeededRandom, options: DrawOptions): Draft {
  const chaosMs = options.chaosMs ?? whole(random, 15_000, 30_000);
  const count = options.nodes ?? 4 + random.below(4);
  const roles = castOf(random, count, { rogues: random.below(2), late: 1 + random.below(2) });
  const nodes = roles.map((role) => someone(random, role, options));
  const kinds = (['crash-at-save', 'crash', 'move', 'disk-full'] as const).filter(() =>
    random.chance(0.5),
  );
  const pause = random.between(1_500, 6_000);
  const happenings: Happening[] = [
    ...faultsOf(random, kinds, roles, { chaosMs, pause }),
    ...comings(random, roles, chaosMs),
    ...strangers(random, chaosMs, count - 1),
  ];
  if (random.chance(0.4)) happenings.push(...unsaved(random, chaosMs));
  const by = random.pick(makers(roles)) ?? 0;
  if (random.chance(0.5)) happenings.push({ type: 'thief', by, ...span(random, chaosMs, 1_000) });
  if (random.chance(0.4)) happenings.push({ type: 'crowd', by, ...span(random, chaosMs, 1_000) });
  const rogue = roles.indexOf('rogue');
  if (rogue > 0) {
    const attack = random.chance(0.5) ? 'leave-and-stay' : 'false-acts';
    const lengthMs = HOUR;
    happenings.push({
      type: 'attack',
      node: rogue,
      attack,
      atMs: whole(random, 0, 4_000),
      lengthMs,
    });
  }
  return { nodes, weather: FAIR, chaosMs, happenings };
}

/**
 * A machine that starts while its disk is full, says something, and is gone before that is written:
 * what it says in its next life must not be said under the same number.
 */
function unsaved(random: SeededRandom, chaosMs: number): Happening[] {
  const node = 1;
  const atMs = whole(random, 0, chaosMs / 2);
  return [
    { type: 'disk-full', node, atMs, lengthMs: 6_000 },
    { type: 'crash', node, atMs: atMs + 500, lengthMs: 300 },
    { type: 'crash', node, atMs: atMs + 4_000, lengthMs: 3_000 },
    { type: 'move', nodes: [node], atMs: atMs + 5_000, lengthMs: 0 },
  ];
}

/** Who is what: node 0 honest and there from the start, the others in random order. */
function castOf(
  random: SeededRandom,
  count: number,
  wanted: { readonly rogues?: number; readonly liars?: number; readonly late?: number },
): readonly NodeRole[] {
  const roles: NodeRole[] = Array.from({ length: count }, () => 'member');
  // At least three honest members from the start, or the others' word is the majority's.
  const free = random.sample(range(1, count), Math.max(0, count - 3));
  for (const role of rolesOf(wanted)) {
    const node = free.pop();
    if (node !== undefined) roles[node] = role;
  }
  return roles;
}

function rolesOf(wanted: { rogues?: number; liars?: number; late?: number }): NodeRole[] {
  const { rogues = 0, liars = 0, late = 0 } = wanted;
  const many = (role: NodeRole, count: number): NodeRole[] =>
    Array.from({ length: count }, () => role);
  return [...many('rogue', rogues), ...many('latecomer', late), ...many('liar', liars)];
}

function someone(random: SeededRandom, role: NodeRole, { nat }: DrawOptions): NodeDescription {
  const kinds: readonly RouterKind[] = ['none', 'none', 'none', 'home', 'home', 'cone'];
  const router = random.pick(kinds) ?? 'none';
  return {
    role,
    // A script has no mind to keep a router's mapping open.
    router: nat === true ? 'home' : role === 'rogue' || role === 'liar' ? 'none' : router,
    driftPpm: whole(random, -DRIFT_PPM, DRIFT_PPM),
    wallOffsetMs: whole(random, -HOUR, HOUR),
    isp: null,
  };
}

function faultsOf(
  random: SeededRandom,
  kinds: readonly FaultType[],
  roles: readonly NodeRole[],
  pace: { readonly chaosMs: number; readonly pause: number },
): Happening[] {
  const faults: Happening[] = [];
  if (kinds.length === 0) return faults;
  for (let at = 0; at < pace.chaosMs; at += pace.pause * random.between(0.2, 1.8)) {
    const kind = random.pick(kinds) ?? 'move';
    faults.push(drawFault(random, kind, roles.length, Math.round(at)));
  }
  return faults;
}

/** Some attacks a rogue, that go on when calm comes: liars do not stop lying. */
function attacksOf(
  random: SeededRandom,
  roles: readonly NodeRole[],
  from: readonly AttackName[],
  chaosMs: number,
  most = 3,
): Incident[] {
  return range(0, roles.length)
    .filter((node) => roles[node] === 'rogue')
    .flatMap((node) =>
      random.sample(from, 1 + random.below(most)).map((attack): Incident => {
        const atMs = whole(random, 0, chaosMs / 3);
        return { type: 'attack', node, attack, atMs, lengthMs: HOUR };
      }),
    );
}

/** Latecomers join through a random member that is never rolled back; some members leave. */
function comings(random: SeededRandom, roles: readonly NodeRole[], chaosMs: number): Incident[] {
  const joins = range(0, roles.length)
    .filter((node) => roles[node] === 'latecomer')
    .map((node): Incident => {
      const by = random.pick(makers(roles)) ?? 0;
      return { type: 'join', node, by, atMs: whole(random, 0, chaosMs), lengthMs: 0 };
    });
  const leavers = makers(roles).slice(3);
  const node = random.pick(leavers);
  const leaves = node !== undefined && random.chance(0.4);
  const atMs = whole(random, 0, chaosMs);
  return leaves ? [...joins, { type: 'leave', node, atMs, lengthMs: 0 }] : joins;
}

/** Some that send, and now and then one that gets the address that a member leaves. */
function strangers(random: SeededRandom, chaosMs: number, movable: number): Incident[] {
  const kinds = (['scan', 'replay', 'hello-replay'] as const).filter(() => random.chance(0.25));
  const sent = kinds.map((type): Incident => ({ type, ...span(random, chaosMs, chaosMs) }));
  if (movable < 1 || !random.chance(0.25)) return sent;
  const node = 1 + random.below(movable);
  return [...sent, { type: 'heir', node, ...span(random, chaosMs, chaosMs) }];
}

/** A machine that forgets some seconds of its life; never one that signs acts meanwhile. */
function rollbacks(random: SeededRandom, roles: readonly NodeRole[], chaosMs: number): Incident[] {
  const node = makers(roles).at(-1);
  // Not the makers of invites: which of their acts count after a roll-back is another question.
  if (node === undefined || node < 3 || roles.includes('latecomer')) return [];
  const type = random.pick(['snapshot', 'snapshot', 'restore', undefined] as const);
  if (type === undefined) return [];
  const atMs = whole(random, 0, chaosMs / 2);
  // Above the ten seconds within which a resumed snapshot cannot be told (PROTOCOL §12).
  return [{ type, node, atMs, lengthMs: whole(random, 12_000, 20_000) }];
}

/** Members from the start. */
function makers(roles: readonly NodeRole[]): readonly number[] {
  return range(0, roles.length).filter((node) => roles[node] === 'member');
}

/** Bad on ordinary days already. */
function drizzle(random: SeededRandom): Weather {
  return {
    latency: [millis(whole(random, 1, 20)), millis(whole(random, 20, 150))],
    jitter: millis(whole(random, 0, 40)),
    loss: Math.round(random.between(0, 100)) / 1_000,
    duplication: Math.round(random.between(0, 100)) / 1_000,
  };
}

function span(
  random: SeededRandom,
  chaosMs: number,
  longest: number,
): { readonly atMs: number; readonly lengthMs: number } {
  const atMs = whole(random, 0, chaosMs * 0.6);
  return { atMs, lengthMs: whole(random, longest / 4, longest) };
}

function whole(random: SeededRandom, least: number, most: number): number {
  // Adding zero makes a negative one plain, as JSON has it.
  return Math.round(random.between(least, most)) + 0;
}

function range(from: number, until: number): number[] {
  return Array.from({ length: Math.max(0, until - from) }, (_, index) => from + index);
}
