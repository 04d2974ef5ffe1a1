import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UserError } from '../../../../src/base/errors.ts';
import type { LogLine } from '../../../../src/runtime/options.ts';
import { checkPeers } from '../../../../src/runtime/v1/config-entry.ts';
import { ConfiguredPeers, type ConfiguredOptions } from '../../../../src/runtime/v1/configured.ts';
import { checkV1 } from '../../../../src/runtime/v1/options.ts';
import type { V1Command, V1Reply } from '../../../../src/v1/commands.ts';
import { PEERS_MAX } from '../../../../src/v1/config.ts';
import type { V1Typed } from '../../../../src/v1/status.ts';
import { at } from '../../v1/fixture.ts';

const LOGIN = { username: 'home', password: 'correct horse' };
const ATTIC: V1Typed = { name: 'attic', at: 'attic.example.org:8290', https: true, login: LOGIN };

describe('peers in the config', () => {
  it.each([
    [{ name: ' attic' }, 'v1-name-invalid'],
    [{ at: '192.0.2.7' }, 'address-not-an-address'],
    [{ path: 'godddns' }, 'v1-path-invalid'],
    [{ login: { username: '', password: 'p' } }, 'v1-login-invalid'],
    [{ https: false }, 'v1-insecure-http'],
  ])('are refused with %j', (wrong, code) => {
    expect(() => checkPeers([{ ...ATTIC, ...wrong }])).toThrow(
      expect.objectContaining({ code }) as Error,
    );
  });

  it('are each there once, and 1,024 at the most', () => {
    const many = Array.from({ length: PEERS_MAX }, (_, index) => ({
      ...{ name: `n${String(index)}`, at: '192.0.2.7:8290' },
    }));
    expect(checkPeers(many)).toHaveLength(PEERS_MAX);
    const code = (entries: readonly V1Typed[]) => () => checkPeers(entries);
    expect(code([...many, ATTIC])).toThrow('all there can be');
    expect(code([ATTIC, ATTIC])).toThrow('is there twice');
  });

  it('say another thing when anything in them changed but the password', () => {
    const said = (change: object): string | undefined =>
      checkPeers([{ ...ATTIC, ...change }])[0]?.said;
    const before = said({});
    const insecure = { https: false, insecure: true };
    for (const change of [{ at: '192.0.2.7:8290' }, { path: '/x' }, insecure]) {
      expect(said(change)).not.toBe(before);
    }
    expect(said({ login: { ...LOGIN, username: 'other' } })).not.toBe(before);
    expect(said({ login: { ...LOGIN, password: 'other' } })).toBe(before);
    expect(before).not.toContain(LOGIN.password);
  });

  it('are not spoken of without a config', () => {
    expect(checkV1({}).peers).toBeUndefined();
    expect(checkV1({ peers: [] }).peers).toEqual([]);
  });
});

describe('putting them in', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  function scene(entries: readonly V1Typed[], further: Partial<ConfiguredOptions> = {}) {
    const commands: V1Command[] = [];
    const logged: LogLine[] = [];
    const peers = new ConfiguredPeers({
      entries: checkPeers(entries),
      command: (command): Promise<V1Reply> => {
        commands.push(command);
        const names = entries.map(({ name }) => name);
        return Promise.resolve(
          command.type === 'configured' ? { type: 'wanted', names } : { type: 'done' },
        );
      },
      log: (line) => logged.push(line),
      lookUp: () => Promise.resolve([at('192.0.2.9:8290')]),
      ...further,
    });
    return { peers, commands, logged };
  }

  it('asks what is wanted, looks it up, and adds it with what was said of it', async () => {
    const { peers, commands, logged } = scene([ATTIC]);
    peers.add(await peers.compare());
    await vi.advanceTimersByTimeAsync(0);
    const [{ said = '' } = {}] = checkPeers([ATTIC]);
    expect(commands).toMatchObject([
      { type: 'configured', entries: [{ name: 'attic', said, login: LOGIN }] },
      { type: 'add-peer', said, peer: { name: 'attic', endpoint: { https: true } } },
    ]);
    expect(logged).toEqual([]);
  });

  it('says at each start that passwords go over plain HTTP, to whom, and no password', () => {
    const open = { ...ATTIC, https: false, insecure: true };
    const { peers, logged } = scene([open]);
    peers.add([]);
    expect(logged).toMatchObject([{ level: 'warn', code: 'v1-insecure-http' }]);
    expect(logged[0]?.message).toContain('attic');
    expect(logged[0]?.message).not.toContain(LOGIN.password);
  });

  it('looks a host name up again after 5 s, 10 s … 5 min, and says so once', async () => {
    let lookups = 0;
    const { peers, commands, logged } = scene([ATTIC], {
      lookUp: () => {
        lookups += 1;
        return Promise.reject(new UserError('address-unresolved', 'No such name.', ''));
      },
    });
    peers.add(await peers.compare());
    for (const [index, seconds] of [5, 10, 20, 40, 80, 160, 300, 300].entries()) {
      await vi.advanceTimersByTimeAsync(seconds * 1_000 - 1);
      expect(lookups).toBe(index + 1);
      await vi.advanceTimersByTimeAsync(1);
      expect(lookups).toBe(index + 2);
    }
    expect(logged).toMatchObject([{ level: 'warn', code: 'address-unresolved' }]);
    expect(commands).toHaveLength(1);
    peers.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('says what the machine refuses, and goes on with the others', async () => {
    const { peers, logged } = scene([ATTIC], {
      command: (command) =>
        Promise.resolve(
          command.type === 'configured'
            ? { type: 'wanted', names: ['attic'] }
            : { type: 'refused', reason: 'own-name' },
        ),
    });
    peers.add(await peers.compare());
    await vi.advanceTimersByTimeAsync(0);
    expect(logged).toMatchObject([{ level: 'error', code: 'v1-own-name' }]);
  });
});
