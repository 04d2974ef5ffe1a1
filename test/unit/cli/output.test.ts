import { describe, expect, it } from 'vitest';
import { sentence, severity } from '../../../src/cli/output/events.ts';
import { Log } from '../../../src/cli/output/log.ts';
import { membersTable } from '../../../src/cli/output/members-table.ts';
import { paletteFor } from '../../../src/cli/output/paint.ts';
import { statusPage } from '../../../src/cli/output/status-page.ts';
import { table } from '../../../src/cli/output/table.ts';
import { welcome } from '../../../src/cli/output/welcome.ts';
import { count, list, span } from '../../../src/cli/output/words.ts';
import { colourful } from '../../../src/cli/world.ts';
import type { EventDocument } from '../../../src/services/api/event-document.ts';
import { idOf, member, status } from '../api/fake-control.ts';
import { KeptSink } from './fake-world.ts';

const plain = paletteFor(new KeptSink(), {});

function event(type: EventDocument['type'], fields: object = {}): EventDocument {
  return { schema: 1, time: '2026-03-01T10:00:00.250Z', type, ...fields };
}

describe('words', () => {
  it.each([
    [0, '0 ms'],
    [3.44, '3.4 ms'],
    [999, '999 ms'],
    [2_400, '2.4 s'],
    [9_990, '10 s'],
    [59_600, '1 min'],
    [90 * 60_000, '2 h'],
    [47 * 3_600_000, '47 h'],
    [72 * 3_600_000, '3 d'],
  ])('a span of %d ms is %s', (ms, text) => {
    expect(span(ms)).toBe(text);
  });

  it('count and list as people do', () => {
    expect([count(1, 'member'), count(2, 'member')]).toEqual(['1 member', '2 members']);
    expect(count(0, 'address', 'addresses')).toBe('0 addresses');
    expect([list([]), list(['a']), list(['a', 'b']), list(['a', 'b', 'c'])]).toEqual([
      '',
      'a',
      'a and b',
      'a, b and c',
    ]);
  });
});

describe('a table', () => {
  it('is as wide as its widest cells, with nothing at the ends of lines', () => {
    expect(
      table([
        ['A', 'B'],
        ['longer', 'x'],
        ['s', ''],
      ]),
    ).toEqual(['A       B', 'longer  x', 's']);
  });

  it('does not count colours', () => {
    const red = (text: string): string => `\u001b[31m${text}\u001b[39m`;
    const [first, second] = table([
      [{ text: 'a', paint: red }, 'x'],
      ['bb', 'y'],
    ]);
    expect(first).toBe('\u001b[31ma\u001b[39m   x');
    expect(second).toBe('bb  y');
  });
});

describe('colours', () => {
  const terminal = new KeptSink();
  terminal.isTTY = true;

  it('are used on a terminal alone', () => {
    expect(colourful(terminal, {})).toBe(true);
    expect(colourful(new KeptSink(), {})).toBe(false);
  });

  it('are left out when NO_COLOR says so, or the terminal can do no more', () => {
    expect(colourful(terminal, { NO_COLOR: '1' })).toBe(false);
    expect(colourful(terminal, { NO_COLOR: '' })).toBe(true);
    expect(colourful(terminal, { TERM: 'dumb' })).toBe(false);
  });

  it('paint the same words', () => {
    const list = [member('pi', { state: 'lost' }), member('attic', { state: 'self' })];
    const document = { schema: 1, self: idOf('attic'), members: list } as const;
    const coloured = membersTable(document, paletteFor(terminal, {})).join('\n');
    expect(coloured).toContain('\u001b[31m');
    // eslint-disable-next-line no-control-regex -- colours begin with ESC
    const stripped = coloured.replaceAll(/\u001b\[\d+m/g, '');
    expect(stripped).toBe(membersTable(document, plain).join('\n'));
  });
});

describe('the table of members', () => {
  const rows = (...members: readonly ReturnType<typeof member>[]): readonly string[] =>
    membersTable({ schema: 1, self: idOf('attic'), members }, plain).slice(1);

  it('has this node first, then the others by name', () => {
    const lines = rows(member('pi'), member('cellar'), member('shed', { state: 'self' }));
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['shed', 'cellar', 'pi']);
  });

  it('says since when a member is silent or lost', () => {
    expect(rows(member('pi', { state: 'lost', lastHeardMs: 240_000 }))[0]).toContain(
      'lost for 4 min',
    );
    expect(rows(member('pi', { state: 'suspect' }))[0]).toContain('silent for 400 ms');
    const never = member('pi', { state: 'lost', lastHeardMs: null });
    expect(rows(never)[0]).toContain('lost, never heard');
  });

  it('says how an address is known, and how old a direct proof is', () => {
    expect(rows(member('pi'))[0]).toContain('direct, 400 ms ago');
    expect(rows(member('pi', { proof: 'vouched', provenMs: null }))[0]).toContain('vouched');
    const unknown = member('pi', { address: null, proof: 'none', path: null, rttMs: null });
    expect(rows(unknown)[0]).toMatch(/alive +- +none +- +- +0/);
  });

  it('marks nodes of protocol 1, and shows tags', () => {
    const old = member('pi', {
      protocol: 1,
      proof: 'tls',
      tags: { role: 'storage', room: 'roof' },
    });
    expect(rows(old)[0]).toMatch(/alive \(v1\).*tls.*role=storage room=roof$/);
  });
});

describe('the page of status', () => {
  const address = {
    address: '192.0.2.1:4117',
    family: 4,
    scope: 'public',
    votes: 2,
    voters: 3,
    sinceMs: 7_200_000,
  } as const;
  const { self } = status();

  it('says how many of the voters say so, and calls one voter one', () => {
    const many = status({ self: { ...self, addresses: [address] } });
    expect(statusPage(many, plain).join('\n')).toContain('192.0.2.1:4117  public, 2 of 3 votes');
    const one = { ...address, votes: 1, voters: 1 };
    const few = status({ self: { ...self, addresses: [one] } });
    expect(statusPage(few, plain).join('\n')).toContain('public, one voter, for 2 h');
  });

  it('says so when nobody has seen this node yet', () => {
    expect(statusPage(status(), plain).join('\n')).toContain('nobody has seen this node yet');
  });

  it('says in words whether the node is alone, afloat or an orphan', () => {
    const first = (state: 'alone' | 'afloat' | 'orphan'): string | undefined =>
      statusPage(status({ self: { ...self, state } }), plain)[0];
    expect(first('alone')).toContain('alone, no other member yet');
    expect(first('afloat')).toBe('attic in cluster home: afloat');
    expect(first('orphan')).toContain('no member answers');
  });

  it('ends with what would help', () => {
    const page = statusPage(status({ advice: ['one', 'two'] }), plain);
    expect(page.slice(-2)).toEqual(['! one', '! two']);
  });

  it('shows open invites and what was dropped, if anything was', () => {
    const invites = [{ usesLeft: 1, expiresInMs: 600_000 }];
    const page = statusPage(status({ invites, counters: { garbage: 3, none: 0 } }), plain);
    expect(page.join('\n')).toContain('1 use left, expires in 10 min');
    expect(page.at(-1)).toMatch(/dropped +garbage 3$/);
    expect(statusPage(status(), plain).join('\n')).not.toContain('dropped');
  });
});

describe('events in words', () => {
  const names = { id: idOf('pi'), name: 'pi' };
  const all: readonly EventDocument[] = [
    event('started'),
    event('member-joined', names),
    event('member-left', names),
    event('member-moved', { ...names, from: null, to: '192.0.2.9:1' }),
    event('member-suspect', names),
    event('member-lost', names),
    event('member-found', { ...names, address: '192.0.2.9:1', afterMs: 2_400 }),
    event('doubt', { why: 'silence', asked: 4 }),
    event('self-moved', { from: '192.0.2.1:1', to: '192.0.2.9:1', votes: 2, voters: 3 }),
    event('orphan', { advice: 'nobody answers: a hint would help' }),
    event('afloat'),
    event('outvoted', names),
    event('twin'),
    event('fork', names),
    event('invite-redeemed', names),
    event('join-refused', { reason: 'spent', name: null }),
    event('save-failed', { reason: 'disk full' }),
  ];

  it.each(all)('$type is a sentence without gaps', (one) => {
    expect(sentence(one)).toMatch(/^[a-z].{5,}$/);
    expect(sentence(one)).not.toMatch(/\?|undefined|null|NaN/);
    expect(['error', 'warn', 'info', 'debug']).toContain(severity(one));
  });

  it('who answers for the first time is not found, who was silent is, after so long', () => {
    const at = { ...names, address: '192.0.2.9:1' };
    expect(sentence(event('member-found', { ...at, afterMs: null }))).toBe(
      'pi answers at 192.0.2.9:1',
    );
    expect(sentence(event('member-found', { ...at, afterMs: 2_400 }))).toBe(
      'pi is found at 192.0.2.9:1, 2.4 s after it was last heard',
    );
  });

  it('a vote says how many of how many; one voter is called one', () => {
    const moved = { from: null, to: '192.0.2.9:1', votes: 2, voters: 3 };
    expect(sentence(event('self-moved', moved))).toBe(
      'this node is at 192.0.2.9:1, 2 of 3 voters say',
    );
    expect(sentence(event('self-moved', { ...moved, votes: 1, voters: 1 }))).toContain(
      'one voter says',
    );
  });

  it('what endangers the key or the state is an error, what may mend itself a warning', () => {
    expect([severity(event('twin')), severity(event('save-failed'))]).toEqual(['error', 'error']);
    expect([severity(event('orphan')), severity(event('member-lost'))]).toEqual(['warn', 'warn']);
  });
});

describe('the log', () => {
  const clock = (): Date => new Date('2026-03-01T10:00:00.250Z');

  it('writes a line with time, level and words', () => {
    const sink = new KeptSink();
    new Log(sink, 'text', 'info', clock).event(event('member-joined', { name: 'pi' }));
    expect(sink.text).toBe('2026-03-01T10:00:00.250Z  info   pi joined\n');
  });

  it('leaves out what is below its level', () => {
    const sink = new KeptSink();
    const log = new Log(sink, 'text', 'warn', clock);
    log.event(event('member-joined', { name: 'pi' }));
    log.banner(['welcome']);
    expect(sink.text).toBe('');
    log.event(event('member-lost', { name: 'pi' }));
    expect(sink.lines).toHaveLength(1);
  });

  it('in JSON has a document a line with the fields of the event, and no banner', () => {
    const sink = new KeptSink();
    const log = new Log(sink, 'json', 'debug', clock);
    log.banner(['welcome']);
    log.event(event('doubt', { why: 'silence', asked: 4 }));
    expect(JSON.parse(sink.text)).toEqual({
      time: '2026-03-01T10:00:00.250Z',
      level: 'debug',
      code: 'doubt',
      message: 'perhaps this node moved: an expected ping did not come, it asks 4 members',
      why: 'silence',
      asked: 4,
    });
  });
});

describe('the first lines of a daemon', () => {
  const facts = { id: idOf('attic'), name: 'attic', cluster: 'home', port: 4117, members: 1 };

  it('say who it is, where its state is and what to do next', () => {
    const text = welcome({ ...facts, state: '/var/lib/flotilla' }, true).join('\n');
    for (const part of ['attic', facts.id, 'home', '4117', '/var/lib/flotilla', 'alone so far']) {
      expect(text).toContain(part);
    }
    expect(text).toMatch(/flotilla invite$/m);
  });

  it('name the state folder in what to type, quoted, when commands would not find it', () => {
    const text = welcome({ ...facts, members: 3, state: "/srv/it's here" }, false).join('\n');
    expect(text).toContain(`flotilla invite --state '/srv/it'\\''s here'`);
    expect(text).toContain('with 2 other members');
  });
});
