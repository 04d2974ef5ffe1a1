import { describe, expect, it } from 'vitest';
import { byAddress, byPort } from '../../../src/cli/demo/ground.ts';
import { isHealed, knowledge, type Truth } from '../../../src/cli/demo/healed.ts';
import { Lines } from '../../../src/cli/demo/lines.ts';
import { proofOfSilence, seconds, type Outcome } from '../../../src/cli/demo/outcome.ts';
import { NAMES, SCENARIOS, Whereabouts, written } from '../../../src/cli/demo/scenarios.ts';
import { cut, Screen, wrap } from '../../../src/cli/demo/screen.ts';
import { Story } from '../../../src/cli/demo/story.ts';
import type { MemberView } from '../../../src/core/view.ts';
import type { EventDocument } from '../../../src/services/api/event-document.ts';
import { idOf, member } from '../api/fake-control.ts';
import { KeptSink } from './fake-world.ts';

const AT = { attic: '127.0.0.2:4117', pi: '127.0.0.5:4117' };

/** A daemon that sees these members at 10,000 ms. */
function truth(name: 'attic' | 'pi', movedMs: number, ...members: readonly MemberView[]): Truth {
  const document = { schema: 1, self: idOf(name), members } as const;
  const sight = { takenMs: 10_000, document, inputs: {} };
  return { name, address: AT[name], movedMs, sight };
}

function event(type: EventDocument['type'], fields: object = {}): EventDocument {
  return { schema: 1, time: '', type, ...fields };
}

describe('a pair counts as proven', () => {
  const pi = truth('pi', 9_000);
  const seen = (differences: Partial<MemberView> = {}): string =>
    knowledge(truth('attic', 0, member('pi', { address: AT.pi, ...differences })), pi);

  it('with the right address, alive, and challenged after the move', () => {
    expect(seen({ provenMs: 900 })).toBe('proven');
  });

  it('not with a proof from before the move, however right the address', () => {
    expect(seen({ provenMs: 1_100 })).toBe('heard');
  });

  it('not with a proof from before the own move', () => {
    const attic = truth('attic', 9_950, member('pi', { address: AT.pi, provenMs: 100 }));
    expect(knowledge(attic, pi)).toBe('heard');
  });

  it('not with what others vouch for, nor while it is silent', () => {
    expect(seen({ proof: 'vouched', provenMs: null })).toBe('heard');
    expect(seen({ state: 'suspect', provenMs: 0 })).toBe('heard');
  });

  it('not with the old address, nor when it is lost or unknown', () => {
    expect(seen({ address: '127.0.0.15:4117', provenMs: 0 })).toBe('wrong');
    expect(seen({ state: 'lost', provenMs: 0 })).toBe('wrong');
    expect(knowledge(truth('attic', 0), pi)).toBe('wrong');
  });

  it('and the cluster as healed only with every ordered pair', () => {
    const attic = truth('attic', 0, member('pi', { address: AT.pi, provenMs: 0 }));
    const knows = member('attic', { address: AT.attic, provenMs: 0 });
    expect(isHealed([attic, truth('pi', 0, knows)])).toBe(true);
    expect(isHealed([attic, truth('pi', 0)])).toBe(false);
    expect(isHealed([attic, { ...pi, sight: undefined }])).toBe(false);
  });
});

describe('the moves of the demo', () => {
  it('go to spots nobody has been at', () => {
    for (const ground of [byAddress(4117), byPort(4117)]) {
      const where = new Whereabouts(ground);
      const been = new Set(NAMES.map((name) => written(where.of(name))));
      for (const scenario of SCENARIOS.filter(({ swap }) => !swap)) {
        for (const { to } of where.plan(scenario)) {
          expect(been).not.toContain(written(to));
          been.add(written(to));
        }
      }
    }
  });

  it('of those that swap go to each other', () => {
    const where = new Whereabouts(byAddress(4117));
    const swap = { title: 'swap', movers: ['attic', 'pi'], swap: true };
    const [first, second] = where.plan(swap);
    expect([first?.from, first?.to]).toEqual([second?.to, second?.from]);
    expect(where.of('pi')).toEqual({ ip: '127.0.0.2', port: 4117 });
  });

  it('are one, two, all but one, and two that swap, the founder among them', () => {
    expect(SCENARIOS.map(({ movers }) => movers.length)).toEqual([1, 2, NAMES.length - 1, 2]);
    expect(SCENARIOS.flatMap(({ movers }) => movers)).toContain(NAMES[0]);
  });

  it('change the address on one ground and the port on the other', () => {
    const [address, port] = [byAddress(4117), byPort(4117)];
    expect(written(address.spot(3, 1))).toBe('127.0.0.15:4117');
    expect(written(port.spot(3, 1))).toBe('127.0.0.1:4130');
  });
});

describe('the story', () => {
  const moved = { from: '127.0.0.5:4117', to: '127.0.0.15:4117' };

  it('tells of each mover once how it noticed, what it learnt, who saw it first', () => {
    const story = new Story(['pi']);
    const doubt = event('doubt', { why: 'unanswered', asked: 4 });
    expect(story.line('pi', doubt)).toBe('pi noticed: a ping went unanswered, it asks 4 members');
    expect(story.line('pi', doubt)).toBeUndefined();
    const learnt = event('self-moved', { ...moved, votes: 4, voters: 4 });
    expect(story.line('pi', learnt)).toContain('4 of 4 voters say');
    const seen = event('member-moved', { name: 'pi', ...moved });
    expect(story.line('attic', seen)).toContain('attic was the first to see that pi moved');
    expect(story.line('shed', seen)).toBeUndefined();
  });

  it('says nothing of the doubts of those who stayed', () => {
    const story = new Story(['pi']);
    expect(story.line('attic', event('doubt', { why: 'unanswered', asked: 1 }))).toBeUndefined();
  });

  it('tells who found whom again only of those who were lost', () => {
    const story = new Story(['pi']);
    const found = event('member-found', { name: 'pi', address: AT.pi, afterMs: 5_000 });
    expect(story.line('attic', found)).toBeUndefined();
    expect(story.line('attic', event('member-lost', { name: 'pi' }))).toContain('attic lost pi');
    expect(story.line('attic', found)).toBe('attic found pi again');
  });
});

const healed: Outcome = {
  scenario: 'one moves',
  moved: [{ name: 'pi', from: 'a', to: 'b', inputs: { datagram: 7, wake: 1 } }],
  healMs: 452,
  verdict: 'healed',
};
const failed: Outcome = { ...healed, healMs: null, verdict: 'not healed' };

describe('the outcome', () => {
  it('says what the machines were given, added up', () => {
    expect(proofOfSilence([healed, failed])).toBe(
      'Nobody was told: the nodes that moved were given ' +
        '14 datagrams and 2 timers, and nothing else.',
    );
  });

  it('would name an input that tells of a change', () => {
    const [moved] = healed.moved;
    const told = { ...healed, moved: [{ ...moved, name: 'pi', inputs: { 'send-failed': 1 } }] };
    expect(proofOfSilence([told as Outcome])).toContain('1 send-failed');
  });

  it('has hundredths of a second', () => {
    expect([seconds(452), seconds(-3)]).toEqual(['0.45 s', '0.00 s']);
  });
});

describe('the demo as lines', () => {
  it('has no control characters, and ends with a table', () => {
    const sink = new KeptSink();
    const lines = new Lines(sink, {});
    const [scenario] = SCENARIOS;
    if (scenario !== undefined) lines.scenario(scenario, 1, 4);
    lines.moved(new Whereabouts(byAddress(4117)).plan({ title: '', movers: ['pi'], swap: false }));
    lines.look();
    lines.over(healed);
    lines.over(failed);
    lines.end([healed, failed]);
    lines.restore();
    expect(sink.text).not.toContain('\u001b');
    expect(sink.text).toContain('1 of 4  one moves: pi');
    expect(sink.text).toContain('pi moved from 127.0.0.5:4117 to 127.0.0.15:4117');
    expect(sink.text).toMatch(/one moves +pi +0\.45 s +healed/);
    expect(sink.text).toMatch(/one moves +pi +- +not healed/);
  });
});

describe('the demo on a terminal', () => {
  function screen(): { sink: KeptSink; shown: Screen } {
    const sink = new KeptSink();
    sink.isTTY = true;
    sink.columns = 80;
    return { sink, shown: new Screen(sink, { NO_COLOR: '1' }) };
  }
  const fleet = [
    truth('attic', 0, member('pi', { address: AT.pi, provenMs: 0 })),
    truth('pi', 0, member('attic', { address: '127.0.0.99:1' })),
  ];

  it('shows who has proven whom', () => {
    const { sink, shown } = screen();
    shown.look(fleet, undefined);
    expect(sink.text).toMatch(/attic +127\.0\.0\.2:4117 +· +○/);
    expect(sink.text).toMatch(/pi +127\.0\.0\.5:4117 +● +·/);
  });

  it('draws nothing when nothing changed, and over the old picture when something did', () => {
    const { sink, shown } = screen();
    shown.look(fleet, undefined);
    const before = sink.text.length;
    shown.look(fleet, undefined);
    expect(sink.text.length).toBe(before);
    shown.line(120, 'pi noticed');
    shown.scenario(SCENARIOS[0] ?? { title: '', movers: [], swap: false }, 1, 4);
    shown.look(fleet, 300);
    const height = sink.text.slice(0, before).split('\n').length - 1;
    expect(sink.text.slice(before)).toContain(`\u001b[${String(height)}A\u001b[J`);
    expect(sink.text).toContain('healing, 0.30 s');
  });

  it('always draws a scenario in the same number of lines, however long its story', () => {
    const { sink, shown } = screen();
    shown.look(fleet, undefined);
    shown.scenario(SCENARIOS[0] ?? { title: '', movers: [], swap: false }, 1, 4);
    for (let line = 0; line < 40; line += 1) shown.line(line, `something happened ${String(line)}`);
    // eslint-disable-next-line no-control-regex -- cursor movements begin with ESC
    const heights = [...sink.text.matchAll(/\u001b\[(\d+)A/g)].map((match) => match[1]);
    expect(new Set(heights.slice(1)).size).toBe(1);
  });

  it('hides the cursor and gives it back, once', () => {
    const { sink, shown } = screen();
    shown.restore();
    expect(sink.text).toBe('');
    shown.look(fleet, undefined);
    shown.end([healed]);
    shown.restore();
    expect(sink.text.split('\u001b[?25l')).toHaveLength(2);
    expect(sink.text.split('\u001b[?25h')).toHaveLength(2);
    expect(sink.text).toMatch(/healed\n\nNobody was told.*\n$/);
  });

  it('breaks a story that is too wide between words, and tells it to its end', () => {
    const line = '\u001b[2m0.29 s\u001b[22m  pi learnt: this node moved, 4 of 4 voters say';
    expect(wrap(line, 80)).toEqual([line]);
    expect(wrap(line, 30)).toEqual([
      '\u001b[2m0.29 s\u001b[22m  pi learnt: this node',
      '        moved, 4 of 4 voters',
      '        say',
    ]);
  });

  it('leaves out what it can spare where the picture of all five is too wide', () => {
    for (const [columns, seenBy] of [
      [80, true],
      [60, false],
    ] as const) {
      const { sink, shown } = screen();
      sink.columns = columns;
      shown.look(
        NAMES.map((name) => ({
          name,
          address: '127.0.0.12:4117',
          movedMs: 0,
          sight: undefined,
        })),
        undefined,
      );
      expect(sink.text.includes('SEEN BY')).toBe(seenBy);
      const heads = sink.text.split('\n').find((one) => one.startsWith('NODE')) ?? '';
      expect(heads.endsWith('attic  cellar  garage  pi  shed')).toBe(true);
    }
  });

  it('cuts lines that would wrap, and never inside a colour', () => {
    const line = '\u001b[32mgreen\u001b[39m and plain';
    expect(cut(line, 80)).toBe(line);
    expect(cut(line, 9)).toBe('\u001b[32mgreen\u001b[39m an');
    expect(cut(line, 4)).toBe('\u001b[32mgre\u001b[39m');
  });
});
