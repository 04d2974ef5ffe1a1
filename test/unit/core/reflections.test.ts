import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { networkOf, parseAddress, type Address } from '../../../src/base/address.ts';
import type { NodeId } from '../../../src/base/id.ts';
import { after, instant, minutes, type Instant } from '../../../src/base/time.ts';
import { OUTVOTED_LIMIT, OUTVOTED_REST } from '../../../src/core/config.ts';
import type { SocketId } from '../../../src/core/io.ts';
import { Reflections, type Voter } from '../../../src/core/reflections.ts';
import { groupVoters } from '../../../src/core/vote.ts';

const T0 = instant(1000);

function at(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`${text} is no address`);
  return parsed;
}

function voter(id: string, network = `net of ${id}`, admitter = `admitter of ${id}`): Voter {
  return { id: id as NodeId, network, admitter: admitter as NodeId };
}

const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map((id) => voter(id)) as [
  Voter,
  Voter,
  Voter,
  Voter,
  Voter,
];

type Cast = readonly [Voter, string] | readonly [Voter, string, SocketId];

/** One whole round. */
function round(
  reflections: Reflections,
  casts: readonly Cast[],
  now: Instant = T0,
  final = true,
): ReturnType<Reflections['decide']> {
  reflections.open(now);
  for (const [by, seen, socket = 0] of casts) reflections.cast(by, socket, at(seen));
  return reflections.decide(now, final);
}

function believed(reflections: Reflections): string[] {
  return reflections.own().map(({ ip, ports }) => `${ip} ${[...ports.values()].join('/')}`);
}

describe('a round', () => {
  test('in which one member answers is believed, and shown as one voter', () => {
    const reflections = new Reflections();
    const decision = round(reflections, [[a, '203.0.113.7:4117']]);
    expect(decision.changed).toBe(true);
    expect(decision.moved).toEqual([
      { from: undefined, to: at('203.0.113.7:4117'), votes: 1, voters: 1 },
    ]);
    expect(reflections.own()).toEqual([
      expect.objectContaining({
        family: 4,
        ip: '203.0.113.7',
        scope: 'public',
        ports: new Map([[0, 4117]]),
        votes: 1,
        voters: 1,
        since: T0,
      }),
    ]);
  });

  test('in which nobody answers changes nothing, however often', () => {
    const reflections = new Reflections();
    round(reflections, [[a, '203.0.113.7:4117']]);
    for (let n = 0; n < 5; n += 1) {
      expect(round(reflections, [])).toEqual({
        changed: false,
        moved: [],
        outvoted: [],
        named: [],
      });
    }
    expect(believed(reflections)).toEqual(['203.0.113.7 4117']);
  });

  test('that finds the same address changes nothing and keeps its age', () => {
    const reflections = new Reflections();
    round(reflections, [[a, '203.0.113.7:4117']]);
    const later = after(T0, minutes(5));
    const decision = round(reflections, [[b, '203.0.113.7:4117']], later);
    expect(decision).toMatchObject({ changed: false, moved: [] });
    expect(reflections.own()[0]?.since).toBe(T0);
  });

  test('that finds another host tells from where to where, and how many saw it', () => {
    const reflections = new Reflections();
    round(reflections, [[a, '203.0.113.7:4117']]);
    const later = after(T0, minutes(5));
    const casts: Cast[] = [a, b, c].map((by) => [by, '198.51.100.9:4117']);
    const { moved, changed } = round(reflections, casts, later);
    expect(changed).toBe(true);
    expect(moved).toEqual([
      { from: at('203.0.113.7:4117'), to: at('198.51.100.9:4117'), votes: 3, voters: 3 },
    ]);
    expect(reflections.own()[0]?.since).toBe(later);
  });

  test('forgets the ballots of the one before', () => {
    const reflections = new Reflections();
    for (const by of [a, b, c]) round(reflections, [[by, '203.0.113.7:4117']]);
    round(reflections, [[d, '198.51.100.9:4117']]);
    expect(believed(reflections)).toEqual(['198.51.100.9 4117']);
  });

  test('may be decided early, and anew when more have answered', () => {
    const reflections = new Reflections();
    reflections.open(T0);
    reflections.cast(a, 0, at('198.51.100.66:4117'));
    expect(reflections.decide(T0, false).moved).toHaveLength(1);
    reflections.cast(b, 0, at('203.0.113.7:4117'));
    reflections.cast(c, 0, at('203.0.113.7:4117'));
    const { moved, outvoted } = reflections.decide(T0, true);
    expect(moved).toEqual([
      { from: at('198.51.100.66:4117'), to: at('203.0.113.7:4117'), votes: 2, voters: 3 },
    ]);
    expect(outvoted).toEqual(['a']);
  });

  test('counts the newest ballot of a member, and one only', () => {
    const reflections = new Reflections();
    round(reflections, [
      [a, '203.0.113.7:4117'],
      [b, '203.0.113.7:4117'],
      [c, '198.51.100.66:1'],
      [c, '198.51.100.66:2'],
      [c, '198.51.100.66:3', 1],
      [c, '198.51.100.66:4', 2],
    ]);
    expect(reflections.own()[0]).toMatchObject({ ip: '203.0.113.7', votes: 2, voters: 3 });
  });

  test('ignores ballots for addresses that nobody can have', () => {
    const reflections = new Reflections();
    const casts: Cast[] = ['0.0.0.0:4117', '224.0.0.1:4117', '203.0.113.7:0', '[ff02::1]:4117'].map(
      (seen) => [a, seen],
    );
    expect(round(reflections, casts).changed).toBe(false);
    expect(reflections.own()).toEqual([]);
    expect(reflections.differs(0, at('224.0.0.1:4117'))).toBe(false);
  });
});

describe('a minority', () => {
  test('of liars never wins, whatever networks and admitters the voters have', () => {
    const someone = fc.record({
      network: fc.constantFrom('n1', 'n2', 'n3', 'n4', 'n5', 'n6'),
      admitter: fc.constantFrom('x', 'y', 'z', 'w', 'v'),
      lies: fc.boolean(),
      lie: fc.constantFrom('198.51.100.66:4117', '198.51.100.67:4117'),
    });
    const voters = fc.array(someone, { minLength: 1, maxLength: 16 });
    let decided = 0;
    fc.assert(
      fc.property(voters, fc.infiniteStream(fc.integer()), (list, keys) => {
        const people = list.map(({ network, admitter }, n) =>
          voter(`v${String(n)}`, network, admitter),
        );
        // A group is the liars' when they are half of it.
        const groups = new Map<number, { liars: number; all: number }>();
        for (const [id, group] of groupVoters(people)) {
          const count = groups.get(group) ?? { liars: 0, all: 0 };
          count.all += 1;
          if (list[Number(id.slice(1))]?.lies === true) count.liars += 1;
          groups.set(group, count);
        }
        const lost = [...groups.values()].filter(({ liars, all }) => 2 * liars >= all).length;
        fc.pre(2 * lost < groups.size);
        decided += 1;
        const casts = people
          .map((by, n): Cast => {
            const lie = list[n]?.lies === true ? list[n].lie : undefined;
            return [by, lie ?? '203.0.113.7:4117'];
          })
          .map((ballot) => ({ ballot, key: keys.next().value as number }))
          .toSorted((x, y) => x.key - y.key)
          .map(({ ballot }) => ballot);
        const reflections = new Reflections();
        // Not even when it answers first and an early decision believed it.
        reflections.open(T0);
        for (const [by, seen] of casts) {
          reflections.cast(by, 0, at(seen));
          reflections.decide(T0, false);
        }
        reflections.decide(T0, true);
        expect(believed(reflections)).toEqual(['203.0.113.7 4117']);
      }),
      { numRuns: 500 },
    );
    expect(decided).toBeGreaterThan(100);
  });

  test('of liars does not change the port either', () => {
    const reflections = new Reflections();
    round(reflections, [
      [a, '203.0.113.7:4117'],
      [b, '203.0.113.7:4117'],
      [c, '203.0.113.7:4117'],
      [d, '203.0.113.7:1'],
      [e, '203.0.113.7:1'],
    ]);
    expect(believed(reflections)).toEqual(['203.0.113.7 4117']);
    expect(reflections.nat).toBe('mapped');
  });

  test('of a hundred Sybils that one member admitted counts once beside three others', () => {
    const reflections = new Reflections();
    const sybils = Array.from({ length: 100 }, (_, n): Cast => {
      return [voter(`sybil ${String(n)}`, `net ${String(n)}`, 'mallory'), '198.51.100.66:4117'];
    });
    const honest: Cast[] = [a, b].map((by) => [by, '203.0.113.7:4117']);
    round(reflections, [...sybils, ...honest]);
    expect(believed(reflections)).toEqual(['203.0.113.7 4117']);
    expect(reflections.own()[0]).toMatchObject({ votes: 2, voters: 102 });
  });

  test('of a rack full of machines in one /24 counts once beside three others', () => {
    const reflections = new Reflections();
    const rack = Array.from({ length: 100 }, (_, n): Cast => {
      const network = networkOf(at(`192.0.2.${String(n + 1)}:4117`));
      return [voter(`rack ${String(n)}`, network), '198.51.100.66:4117'];
    });
    round(reflections, [...rack, [a, '203.0.113.7:4117'], [b, '203.0.113.7:4117']]);
    expect(believed(reflections)).toEqual(['203.0.113.7 4117']);
  });
});

describe('a tie', () => {
  test('keeps the present host, and nobody was outvoted', () => {
    const reflections = new Reflections();
    round(reflections, [[a, '203.0.113.7:4117']]);
    const { changed, outvoted } = round(reflections, [
      [a, '203.0.113.7:4117'],
      [b, '198.51.100.66:4117'],
    ]);
    expect(changed).toBe(false);
    expect(outvoted).toEqual([]);
  });

  test('keeps the host from before the round, not one that came out of half of the answers', () => {
    const reflections = new Reflections();
    round(reflections, [[a, '203.0.113.7:4117']]);
    reflections.open(T0);
    reflections.cast(b, 0, at('198.51.100.66:4117'));
    reflections.decide(T0, false);
    reflections.cast(a, 0, at('203.0.113.7:4117'));
    expect(reflections.decide(T0, true).changed).toBe(false);
    expect(believed(reflections)).toEqual(['203.0.113.7 4117']);
  });

  test('of ports keeps the present port', () => {
    const reflections = new Reflections();
    round(reflections, [[a, '203.0.113.7:4117']]);
    const casts: Cast[] = [a, b].map((by) => [by, '203.0.113.7:4117']);
    round(reflections, [...casts, [c, '203.0.113.7:9'], [d, '203.0.113.7:9']]);
    expect(believed(reflections)).toEqual(['203.0.113.7 4117']);
  });
});

describe('a round that was not for nothing', () => {
  test('is one whose early count found the new host already', () => {
    const reflections = new Reflections();
    round(reflections, [[a, '203.0.113.7:4117']]);
    reflections.open(T0);
    reflections.cast(a, 0, at('203.0.113.80:4117'));
    expect(reflections.decide(T0, false).changed).toBe(true);
    reflections.cast(b, 0, at('203.0.113.80:4117'));
    expect(reflections.decide(T0, true).changed).toBe(true);
  });

  test('is one that found another main port, and not one that found a fresh one', () => {
    const reflections = new Reflections();
    const main: Cast = [a, '203.0.113.7:4117', 0];
    round(reflections, [main]);
    expect(round(reflections, [main, [b, '203.0.113.7:50000', 1]]).changed).toBe(false);
    expect(believed(reflections)).toEqual(['203.0.113.7 4117/50000']);
    expect(round(reflections, [[a, '203.0.113.7:9', 0]]).changed).toBe(true);
  });
});

describe('scopes', () => {
  test('are voted apart: IPv4 and IPv6, public and private', () => {
    const reflections = new Reflections();
    round(reflections, [
      [a, '203.0.113.7:4117'],
      [b, '203.0.113.7:4117'],
      [c, '192.168.1.5:4117'],
      [a, '[2001:db8::7]:4117'],
      [d, '127.0.0.2:4117'],
      [e, '[fd00::7]:4117'],
    ]);
    expect(believed(reflections)).toEqual([
      '203.0.113.7 4117',
      '2001:db8::7 4117',
      '192.168.1.5 4117',
      'fd00::7 4117',
      '127.0.0.2 4117',
    ]);
  });

  test('without a ballot are dropped by the final decision, not before', () => {
    const reflections = new Reflections();
    round(reflections, [
      [a, '203.0.113.7:4117'],
      [b, '[2001:db8::7]:4117'],
    ]);
    expect(round(reflections, [[a, '203.0.113.7:4117']], T0, false).changed).toBe(false);
    expect(reflections.own()).toHaveLength(2);
    expect(round(reflections, [[a, '203.0.113.7:4117']], T0, true).changed).toBe(true);
    expect(believed(reflections)).toEqual(['203.0.113.7 4117']);
  });

  test('of one family take one vote of a member: the one it gave last', () => {
    const reflections = new Reflections();
    round(reflections, [
      [a, '192.168.1.5:4117'],
      [a, '203.0.113.7:4117'],
    ]);
    expect(believed(reflections)).toEqual(['203.0.113.7 4117']);
  });
});

describe('ports', () => {
  test('are voted for each socket apart, among those who saw the winning host', () => {
    const reflections = new Reflections();
    round(reflections, [
      [a, '203.0.113.7:4117', 0],
      [a, '203.0.113.7:50001', 1],
      [b, '203.0.113.7:4117', 0],
      [b, '203.0.113.7:50001', 1],
      [c, '198.51.100.66:7', 0],
      [c, '198.51.100.66:8', 1],
    ]);
    expect(reflections.own()[0]?.ports).toEqual(
      new Map([
        [0, 4117],
        [1, 50001],
      ]),
    );
  });

  test('reported with other hosts do not count, however many agree on them', () => {
    const reflections = new Reflections();
    const stray = [c, d, e].map((by, n): Cast => [by, `198.51.100.${String(n)}:7`]);
    round(reflections, [...stray, [a, '203.0.113.7:4117'], [b, '203.0.113.7:4117']]);
    expect(believed(reflections)).toEqual(['203.0.113.7 4117']);
  });

  test('of a socket that nobody saw stay as they were, also at a new host', () => {
    const reflections = new Reflections();
    round(reflections, [[a, '203.0.113.7:4117']]);
    // The burst's fresh socket got through, the main one did not.
    const { moved } = round(reflections, [[a, '198.51.100.9:50001', 1]]);
    expect(moved[0]?.to).toEqual(at('198.51.100.9:4117'));
    expect(believed(reflections)).toEqual(['198.51.100.9 4117/50001']);
  });

  test('of a closed socket are gone, and its ballots with them', () => {
    const reflections = new Reflections();
    reflections.open(T0);
    reflections.cast(a, 0, at('203.0.113.7:4117'));
    reflections.cast(a, 1, at('203.0.113.7:50001'));
    reflections.decide(T0, false);
    reflections.forgetSocket(1);
    expect(believed(reflections)).toEqual(['203.0.113.7 4117']);
    reflections.decide(T0, true);
    expect(believed(reflections)).toEqual(['203.0.113.7 4117']);
  });

  test('that differ for everyone make the NAT random, with the port seen last', () => {
    const reflections = new Reflections();
    expect(reflections.nat).toBe('unknown');
    round(reflections, [[a, '203.0.113.7:1001']]);
    expect(reflections.nat).toBe('unknown');
    round(reflections, [
      [a, '203.0.113.7:1002'],
      [b, '203.0.113.7:1003'],
      [c, '203.0.113.7:1004'],
    ]);
    expect(reflections.nat).toBe('random');
    expect(believed(reflections)).toEqual(['203.0.113.7 1004']);
    // The host is known all the same, and other ports of it are no reason for doubt.
    expect(reflections.differs(0, at('203.0.113.7:2000'))).toBe(false);
    expect(reflections.differs(0, at('203.0.113.8:2000'))).toBe(true);
  });

  test('seen last are those of the newest ballot, not of the member that came last', () => {
    const reflections = new Reflections();
    round(reflections, [
      [a, '203.0.113.7:1001'],
      [b, '203.0.113.7:1002'],
      [a, '203.0.113.7:1003'],
    ]);
    expect(believed(reflections)).toEqual(['203.0.113.7 1003']);
  });

  test('of a random NAT are kept while somebody sees them, so that records stay quiet', () => {
    const reflections = new Reflections();
    const casts: Cast[] = [
      [a, '203.0.113.7:1001'],
      [b, '203.0.113.7:1002'],
      [c, '203.0.113.7:1003'],
    ];
    round(reflections, casts);
    expect(believed(reflections)).toEqual(['203.0.113.7 1003']);
    expect(round(reflections, casts.toReversed()).changed).toBe(false);
  });

  test('that agree again make the NAT mapped again', () => {
    const reflections = new Reflections();
    round(reflections, [
      [a, '203.0.113.7:1001'],
      [b, '203.0.113.7:1002'],
    ]);
    expect(reflections.nat).toBe('random');
    round(reflections, [
      [a, '203.0.113.7:4117'],
      [b, '203.0.113.7:4117'],
    ]);
    expect(reflections.nat).toBe('mapped');
  });
});

describe('a reflection', () => {
  const reflections = new Reflections();
  round(reflections, [
    [a, '203.0.113.7:4117', 0],
    [b, '203.0.113.7:50001', 1],
  ]);

  test('differs by its host, or by its port when the main socket was seen', () => {
    expect(reflections.differs(0, at('203.0.113.7:4117'))).toBe(false);
    expect(reflections.differs(0, at('203.0.113.8:4117'))).toBe(true);
    expect(reflections.differs(0, at('203.0.113.7:4118'))).toBe(true);
    expect(reflections.differs(1, at('203.0.113.7:50002'))).toBe(false);
    expect(reflections.differs(1, at('203.0.113.8:50001'))).toBe(true);
  });

  test('differs in a scope of which nothing is believed yet', () => {
    expect(reflections.differs(0, at('192.168.1.5:4117'))).toBe(true);
    expect(new Reflections().differs(0, at('203.0.113.7:4117'))).toBe(true);
  });
});

describe('a member that is outvoted', () => {
  const lie: Cast = [e, '198.51.100.66:4117'];
  const honest: Cast[] = [a, b, c].map((by) => [by, '203.0.113.7:4117']);

  test('three times in a row is named, and starts no round for ten minutes', () => {
    const reflections = new Reflections();
    for (let n = 1; n < OUTVOTED_LIMIT; n += 1) {
      expect(round(reflections, [...honest, lie])).toMatchObject({ outvoted: ['e'], named: [] });
      expect(reflections.isNamed(e.id, T0)).toBe(false);
    }
    expect(round(reflections, [...honest, lie])).toMatchObject({ outvoted: ['e'], named: ['e'] });
    expect(reflections.isNamed(e.id, T0)).toBe(true);
    expect(reflections.isNamed(a.id, T0)).toBe(false);
    const end = after(T0, OUTVOTED_REST);
    expect(reflections.isNamed(e.id, instant(end - 1))).toBe(true);
    expect(reflections.isNamed(e.id, end)).toBe(false);
  });

  test('is forgiven when it tells the truth in between', () => {
    const reflections = new Reflections();
    for (let n = 0; n < 3 * OUTVOTED_LIMIT; n += 1) {
      const truth: Cast = [e, '203.0.113.7:4117'];
      const telling = n % OUTVOTED_LIMIT === OUTVOTED_LIMIT - 1 ? truth : lie;
      expect(round(reflections, [...honest, telling]).named).toEqual([]);
    }
  });

  test('does not get off by keeping silent in between', () => {
    const reflections = new Reflections();
    for (let n = 1; n < OUTVOTED_LIMIT; n += 1) {
      round(reflections, [...honest, lie]);
      round(reflections, honest);
    }
    expect(round(reflections, [...honest, lie]).named).toEqual(['e']);
  });

  test('is counted once a round, by its final decision', () => {
    const reflections = new Reflections();
    reflections.open(T0);
    for (const [by, seen] of [...honest, lie]) reflections.cast(by, 0, at(seen));
    for (let n = 0; n < 9; n += 1) {
      expect(reflections.decide(T0, false).outvoted).toEqual([]);
    }
    expect(reflections.decide(T0, true).outvoted).toEqual(['e']);
    expect(reflections.decide(T0, true)).toMatchObject({ outvoted: [], named: [] });
  });

  test('still has its vote while it is named', () => {
    const reflections = new Reflections();
    for (let n = 0; n < OUTVOTED_LIMIT; n += 1) round(reflections, [...honest, lie]);
    round(reflections, [lie]);
    expect(believed(reflections)).toEqual(['198.51.100.66 4117']);
  });
});
