/** What the program says to somebody who mistypes, asks twice, or asks about who is gone. */

import { describe, expect, it } from 'vitest';
import type { MembersDocument } from '../../src/core/view.ts';
import { daemon, flotilla, start, type Daemon } from './cli-program.ts';
import { ownFolder } from './waiting.ts';

/** Waits until a daemon shows a member so. */
async function whenShown(
  from: Daemon,
  fits: (one: MembersDocument['members'][number]) => boolean,
): Promise<void> {
  const watching = start(['watch', '--members', '--json', '--state', from.state]);
  await watching.out.first((line) => (JSON.parse(line) as MembersDocument).members.some(fits));
  await watching.end();
}

describe('a stranger', () => {
  it('who mistypes a command is told the nearest one and where all are listed', async () => {
    for (const argv of [['membrs'], ['help', 'membrs'], ['membrs', '--help']]) {
      const { code, out, err } = await flotilla(argv);
      expect([code, out]).toEqual([2, '']);
      expect(err).toContain("unknown command 'membrs'");
      expect(err).toContain('Did you mean members?');
      expect(err).toContain('`flotilla --help` lists all commands.');
    }
  });

  it('who simulates too few nodes is told how many it takes', async () => {
    const { code, err } = await flotilla(['sim', '--nodes', '1']);
    expect(code).toBe(2);
    expect(err).toContain('needs at least 3 nodes, not 1');
  });

  it('who gives an empty token or state is told which flag was empty', async () => {
    const state = await ownFolder();
    const join = await flotilla(['up', '--join', '', '--state', state]);
    expect([join.code, join.err]).toEqual([2, expect.stringContaining('--join is empty')]);
    const none = await flotilla(['members', '--state', '']);
    expect([none.code, none.err]).toEqual([2, expect.stringContaining('--state is empty')]);
  });
});

describe('a daemon', () => {
  it('that is alone on loopback says that its invite leads nowhere without --at', async () => {
    const attic = await daemon('attic', ['--lan', 'off']);
    const { code, err } = await attic.call('invite');
    expect(code).toBe(0);
    expect(err).toContain('leads nowhere');
    expect(await attic.json('invite')).toMatchObject({ at: [], lan: false });
  });

  it('greets a first meeting as one, and knows itself and who left', async () => {
    const attic = await daemon('attic');
    const cellar = await daemon('cellar', ['--join', await attic.token()]);
    await whenShown(attic, ({ name, proof }) => name === 'cellar' && proof === 'direct');
    await attic.running.err.first((line) => / cellar answers at 127\.0\.0\.1:\d+$/.test(line));
    expect(attic.running.err.all.join('\n')).not.toContain('is found at');

    const self = await attic.call('ping', 'attic');
    expect([self.code, self.err]).toEqual([2, expect.stringContaining('is this node itself')]);
    const pinged = (await attic.json('ping', 'cellar', '-c', '1')) as { answers: object[] };
    expect(pinged.answers).toEqual([expect.not.objectContaining({ schema: 1 })]);

    await cellar.call('leave');
    await whenShown(attic, ({ name, state }) => name === 'cellar' && state === 'left');
    const hint = ['hint', 'cellar', '127.0.0.1:9'];
    for (const argv of [hint, ['ping', 'cellar', '-c', '1'], ['resolve', 'cellar']]) {
      const { code, out, err } = await attic.call(...argv);
      expect([code, out]).toEqual([4, '']);
      expect(err).toContain('cellar has left the cluster');
    }
  });
});
