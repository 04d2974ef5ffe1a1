import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/base/errors.ts';
import { idOf, member, status } from '../api/fake-control.ts';
import { FakeWorld, type Ended } from './fake-world.ts';

const json = (text: string): unknown => JSON.parse(text);

describe('every command that needs a daemon', () => {
  const calls = [
    ['down'],
    ['invite'],
    ['join', 'flt2-x'],
    ['leave'],
    ['status'],
    ['members'],
    ['resolve', 'pi'],
    ['ping', 'pi'],
    ['watch'],
    ['watch', '--members'],
    ['hint', 'pi', '192.0.2.9:4117'],
    ['tag'],
    ['tag', 'a=b'],
  ];

  it.each(calls)('ends with 3 when none is running: %s %s', async (...argv) => {
    const world = new FakeWorld();
    world.running = false;
    const words = argv.filter((word) => typeof word === 'string');
    expect(await world.run(...words)).toMatchObject({ code: 3, out: '' });
    expect(world.stderr.text).toContain('No daemon is running');
  });

  it('asks the daemon of the state folder it was given', async () => {
    const world = new FakeWorld();
    await world.run('members', '--state', '/srv/attic');
    await world.run('--state', '/srv/cellar', 'members');
    world.env['FLOTILLA_STATE'] = '/srv/pi';
    await world.run('members');
    expect(world.folders).toEqual(['/srv/attic', '/srv/cellar', '/srv/pi']);
  });
});

describe('errors', () => {
  it('are told to people with their hint, and as a document with --json', async () => {
    const world = new FakeWorld();
    world.control.failure = new UserError('join-spent', 'It is used up.', 'Ask for another.');
    const ended = await world.run('join', 'flt2-x', '--json');
    expect(ended.code).toBe(1);
    expect(ended.err).toBe('flotilla: It is used up.\n  Ask for another.\n');
    const error = { code: 'join-spent', message: 'It is used up.', hint: 'Ask for another.' };
    expect(json(ended.out)).toEqual({ schema: 1, error });
  });

  it('of an unreachable maker of an invite end with 5', async () => {
    const world = new FakeWorld();
    world.control.failure = new UserError('join-unreachable', 'Nobody answers.', '');
    expect((await world.run('join', 'flt2-x')).code).toBe(5);
  });

  it('of an address that is none end with 2', async () => {
    const world = new FakeWorld();
    world.control.failure = new UserError('address-not-an-address', 'No address.', '');
    expect((await world.run('hint', 'pi', 'nonsense')).code).toBe(2);
  });

  it('that nobody foresaw end with 1 and ask for a report', async () => {
    const world = new FakeWorld();
    world.control.failure = new Error('a slip');
    const ended = await world.run('members', '--json');
    expect(ended.code).toBe(0);
    expect(await world.run('status')).toMatchObject({ code: 1 });
    expect(world.stderr.text).toContain('report');
  });
});

describe('invite', () => {
  it('prints the token alone on standard output, and what to do on standard error', async () => {
    const ended = await new FakeWorld().run('invite');
    expect(ended).toMatchObject({ code: 0, out: 'flt2-token\n' });
    expect(ended.err).toContain('flotilla up --join TOKEN');
    expect(ended.err).toContain('192.0.2.1:4117');
    expect(ended.err).not.toContain('flt2-token');
  });

  it('hands on where, how often and how long', async () => {
    const world = new FakeWorld();
    const where = ['--at', 'a.example:1', '--at', '[2001:db8::1]:2'];
    await world.run('invite', ...where, '--uses', '3', '--expires', '1h30m');
    const wished = { at: ['a.example:1', '[2001:db8::1]:2'], uses: 3, expiresMs: 5_400_000 };
    expect(world.control.asked).toEqual([['invite', wished]]);
  });

  it('says what a token without an address is good for, and what --at would do', async () => {
    const world = new FakeWorld();
    world.control.at = [];
    const { err } = await world.run('invite');
    expect(err).toContain('same LAN only');
    expect(err).toContain('--at HOST:PORT');
  });

  it('says of a token without address or LAN that it leads nowhere', async () => {
    const world = new FakeWorld();
    world.control.at = [];
    world.control.lan = false;
    const { err } = await world.run('invite');
    expect(err).toContain('leads nowhere');
    expect(err).toContain('--lan');
    expect(err).toContain('--at HOST:PORT');
    expect(err).not.toMatch(/can join|works on/);
  });

  it('says of addresses that only nodes of protocol 1 told that nobody reached them', async () => {
    const world = new FakeWorld();
    world.control.byV1 = true;
    const { out, err } = await world.run('invite');
    expect(out).toBe('flt2-token\n');
    expect(err).toContain('is at 192.0.2.1:4117: nodes of protocol 1 see it');
    expect(err).toContain('Nobody was seen to reach that port');
  });

  it('draws a QR code beside the token, not into it', async () => {
    const ended = await new FakeWorld().run('invite', '--qr');
    expect(ended.out).toBe('flt2-token\n');
    expect(ended.err).toMatch(/[▀▄█]{5}/);
  });

  it('gives all of it as JSON', async () => {
    const { out } = await new FakeWorld().run('invite', '--json', '--uses', '2');
    const at = ['192.0.2.1:4117'];
    const rest = { at, lan: true, byV1: false, uses: 2, expiresMs: 900_000 };
    expect(json(out)).toEqual({ schema: 1, token: 'flt2-token', ...rest });
  });

  it.each([
    ['--uses', '0'],
    ['--uses', 'x'],
    ['--uses', '1001'],
    ['--expires', '15'],
    ['--at', '0.0.0.0:5'],
    ['--at', '300.1.1.1:4117'],
    ['--at', 'nonsense'],
    ['--at', '[fe80::1%eth0]:4117'],
    ['--at', ''],
  ])('ends with 2 for %s %s', async (flag, value) => {
    const world = new FakeWorld();
    expect((await world.run('invite', flag, value)).code).toBe(2);
    expect(world.stderr.text).toContain(`${flag}: "${value}" is`);
    expect(world.control.asked).toEqual([]);
  });

  it.each([
    ['0s', 'too short; it takes 1s to 30d'],
    ['999ms', 'too short'],
    ['400d', 'too long; it takes 1s to 30d'],
    ['30d1ms', 'too long'],
  ])('ends with 2 for a life of %s and says it is %s', async (value, why) => {
    const world = new FakeWorld();
    expect((await world.run('invite', '--expires', value)).code).toBe(2);
    expect(world.stderr.text).toContain(`--expires: ${value} is ${why}`);
    expect(world.control.asked).toEqual([]);
  });

  it.each(['1s', '30d'])('takes a life of %s, and a thousand machines', async (life) => {
    const world = new FakeWorld();
    expect((await world.run('invite', '--expires', life, '--uses', '1000')).code).toBe(0);
  });

  it('makes whole milliseconds of any life', async () => {
    const world = new FakeWorld();
    await world.run('invite', '--expires', '1.0005s');
    expect(world.control.asked).toMatchObject([['invite', { expiresMs: 1_001 }]]);
  });

  it('takes eight addresses and says that nine are too many', async () => {
    const world = new FakeWorld();
    const where = Array<string[]>(9).fill(['--at', 'attic.example:1']).flat();
    expect((await world.run('invite', ...where.slice(2))).code).toBe(0);
    expect((await world.run('invite', ...where)).code).toBe(2);
    expect(world.stderr.text).toContain('up to 8 addresses, not 9');
  });
});

describe('join', () => {
  it('says which cluster it joined', async () => {
    const world = new FakeWorld();
    const ended = await world.run('join', 'flt2-x', '--json');
    expect(ended.err).toContain('joined cluster home');
    expect(json(ended.out)).toEqual({ schema: 1, cluster: 'home', already: false });
  });

  it('says when it is a member already, which is no failure', async () => {
    const world = new FakeWorld();
    world.control.already = true;
    expect(await world.run('join', 'flt2-x')).toMatchObject({ code: 0 });
    expect(world.stderr.text).toContain('already');
  });

  it('takes the token from standard input or the environment', async () => {
    const world = new FakeWorld();
    world.typed = ['flt2-', new TextEncoder().encode('piped\n')];
    await world.run('join', '-');
    world.env['FLOTILLA_JOIN'] = 'flt2-set';
    await world.run('join');
    expect(world.control.asked).toEqual([
      ['join', 'flt2-piped'],
      ['join', 'flt2-set'],
    ]);
  });

  it('ends with 2 without a token, and says where an empty one came from', async () => {
    const world = new FakeWorld();
    world.env['FLOTILLA_JOIN'] = '';
    expect((await world.run('join')).code).toBe(2);
    expect(world.stderr.text).toContain('A token is missing');
    expect((await world.run('join', '')).code).toBe(2);
    expect(world.stderr.text).toContain('The token given is empty');
    world.env['FLOTILLA_JOIN'] = ' ';
    expect((await world.run('join')).code).toBe(2);
    expect(world.stderr.text).toContain('FLOTILLA_JOIN is empty');
    expect(world.control.asked).toEqual([]);
  });
});

describe('a command about a member', () => {
  it.each([['resolve'], ['ping'], ['hint']])('ends with 2 for no name at all: %s', async (name) => {
    const world = new FakeWorld();
    const words = name === 'hint' ? [name, '', '192.0.2.9:1'] : [name, ''];
    const ended = await world.run(...words);
    expect(ended).toMatchObject({ code: 2, out: '' });
    expect(ended.err).toContain('Which member is meant?');
    expect(world.control.asked).toEqual([]);
  });

  it('takes names of 63 characters; longer ones nobody can have', async () => {
    const world = new FakeWorld();
    await world.run('resolve', 'a'.repeat(63));
    expect(world.control.asked).toHaveLength(1);
    const ended = await world.run('ping', 'a'.repeat(5_000));
    expect(ended.code).toBe(4);
    expect(ended.err.length).toBeLessThan(300);
    expect(world.control.asked).toHaveLength(1);
  });

  it.each(['own-name', 'tag-not-a-tag', 'invite-out-of-range', 'addresses-too-many'])(
    'ends with 2 when the daemon refuses it as %s',
    async (code) => {
      const world = new FakeWorld();
      world.control.failure = new UserError(code, 'No.', '');
      expect((await world.run('ping', 'pi')).code).toBe(2);
    },
  );
});

describe('down and leave', () => {
  it('down stops the daemon', async () => {
    const world = new FakeWorld();
    expect(await world.run('down', '--json')).toMatchObject({ code: 0 });
    expect(world.stopped).toBe(true);
    expect(json(world.stdout.text)).toEqual({ schema: 1, stopped: true });
  });

  it('leave says who left what', async () => {
    const world = new FakeWorld();
    const ended = await world.run('leave', '--json');
    expect(ended.err).toContain('attic has left cluster home');
    expect(json(ended.out)).toEqual({ schema: 1, left: true, cluster: 'home' });
    expect(world.control.asked).toEqual([['leave']]);
  });
});

describe('resolve', () => {
  const place = { address: '192.0.2.7:4117', ip: '192.0.2.7', port: 4117, family: 4 } as const;
  const pi = { id: idOf('pi'), name: 'pi', state: 'alive', proof: 'direct', ...place } as const;

  it('prints the IP address alone', async () => {
    const world = new FakeWorld();
    world.control.resolution = pi;
    expect(await world.run('resolve', 'pi')).toEqual({ code: 0, out: '192.0.2.7\n', err: '' });
  });

  it('prints the port too when asked', async () => {
    const world = new FakeWorld();
    world.control.resolution = pi;
    expect((await world.run('resolve', 'pi', '--port')).out).toBe('192.0.2.7:4117\n');
  });

  it('ends with 4 for a name nobody has', async () => {
    const ended = await new FakeWorld().run('resolve', 'nobody');
    expect(ended).toMatchObject({ code: 4, out: '' });
    expect(ended.err).toContain('"nobody"');
  });

  it('ends with 4 for the beginning of several IDs', async () => {
    const world = new FakeWorld();
    world.control.failure = new UserError('name-ambiguous', 'Several.', '');
    expect((await world.run('resolve', 'a')).code).toBe(4);
  });

  it('of a lost member prints the last address to standard error, and ends with 5', async () => {
    const world = new FakeWorld();
    world.control.resolution = { ...pi, state: 'lost' };
    const ended = await world.run('resolve', 'pi');
    expect(ended).toMatchObject({ code: 5, out: '' });
    expect(ended.err).toBe('pi is lost; it was last at 192.0.2.7:4117\n');
  });

  it('with --json gives no address of a lost member that a script could take for one', async () => {
    const world = new FakeWorld();
    world.control.resolution = { ...pi, state: 'lost' };
    const ended = await world.run('resolve', 'pi', '--json');
    expect(ended.code).toBe(5);
    const none = { address: null, ip: null, lastAddress: '192.0.2.7:4117' };
    expect(json(ended.out)).toMatchObject(none);
  });

  it('ends with 5 when there is no address of the family wished', async () => {
    const world = new FakeWorld();
    world.control.resolution = pi;
    expect(await world.run('resolve', 'pi', '-6')).toMatchObject({ code: 5, out: '' });
    expect(world.stderr.text).toContain('no IPv6 address');
    expect((await world.run('resolve', 'pi', '-4')).code).toBe(0);
  });

  it('of one that only calls prints its IP address, and no port: nobody serves there', async () => {
    const caller = { ...pi, proof: 'none', unproven: true, address: null, port: null } as const;
    const asked = (...flags: readonly string[]): Promise<Ended> => {
      const world = new FakeWorld();
      world.control.resolution = caller;
      return world.run('resolve', 'pi', ...flags);
    };
    expect(await asked()).toMatchObject({ code: 0, out: '192.0.2.7\n' });
    const ported = await asked('--port');
    expect(ported).toMatchObject({ code: 5, out: '' });
    expect(ported.err).toContain('pi only calls this node');
    expect((await asked('-6')).err).toContain('no IPv6 address');
  });

  it('ends with 4 for who left, and says that it left', async () => {
    const world = new FakeWorld();
    const none = { address: null, ip: null, port: null, family: null } as const;
    world.control.resolution = { ...pi, ...none, state: 'left', proof: 'none' };
    const ended = await world.run('resolve', 'pi');
    expect(ended).toEqual({ code: 4, out: '', err: 'pi has left the cluster\n' });
  });

  it('of a node that nobody has seen says so', async () => {
    const world = new FakeWorld();
    const none = { address: null, ip: null, port: null, family: null } as const;
    world.control.resolution = { ...pi, ...none, state: 'self', proof: 'none' };
    expect(await world.run('resolve', 'pi')).toMatchObject({ code: 5, out: '' });
    expect(world.stderr.text).toContain('nobody has seen this node yet');
  });

  it('ends with 5 when nobody has proven where it is', async () => {
    const world = new FakeWorld();
    world.control.resolution = { ...pi, proof: 'none' };
    expect((await world.run('resolve', 'pi')).err).toContain('nobody has proven');
  });

  it('ends with 2 for both families at once', async () => {
    expect((await new FakeWorld().run('resolve', 'pi', '-4', '-6')).code).toBe(2);
  });

  it("does not take up's port in the environment for its own flag", async () => {
    const world = new FakeWorld();
    world.control.resolution = pi;
    world.env['FLOTILLA_PORT'] = '4200';
    expect((await world.run('resolve', 'pi')).out).toBe('192.0.2.7\n');
    world.env['FLOTILLA_RESOLVE_PORT'] = 'yes';
    expect((await world.run('resolve', 'pi')).out).toContain('192.0.2.7:4117');
  });
});

describe('ping', () => {
  const pong = { type: 'pong', address: '192.0.2.7:4117', path: 'udp', roundTripMs: 3.44 } as const;

  it('prints path and round trip', async () => {
    const world = new FakeWorld();
    world.control.pings = [pong];
    const ended = await world.run('ping', 'pi', '-c', '1');
    expect(ended.code).toBe(0);
    expect(ended.out).toBe('pi answered from 192.0.2.7:4117 over udp in 3.4 ms\n');
  });

  it('ends with 5 when one answer is missing', async () => {
    const world = new FakeWorld();
    world.control.pings = [pong, { type: 'no-answer', tried: 2 }];
    const ended = await world.run('ping', 'pi', '--count', '2');
    expect(ended.code).toBe(5);
    expect(ended.out).toContain('pi did not answer, 2 addresses asked');
    expect(ended.err).toBe('2 pings sent, 1 answer\n');
  });

  it('ends with 4 for a name nobody has', async () => {
    expect((await new FakeWorld().run('ping', 'nobody')).code).toBe(4);
  });

  it('gives one document with all answers as JSON, the schema once, times rounded', async () => {
    const world = new FakeWorld();
    world.control.pings = [
      { ...pong, roundTripMs: 3.438_271_9 },
      { type: 'no-answer', tried: 2 },
    ];
    const { out } = await world.run('ping', 'pi', '-c', '2', '--json');
    const { address, path } = pong;
    expect(json(out)).toEqual({
      schema: 1,
      name: 'pi',
      sent: 2,
      received: 1,
      answers: [
        { answered: true, address, path, rttMs: 3.44 },
        { answered: false, tried: 2 },
      ],
    });
  });
});

describe('hint', () => {
  it('hands the address on', async () => {
    const world = new FakeWorld();
    expect((await world.run('hint', 'pi', '[2001:db8::1]:4117')).code).toBe(0);
    expect(world.control.asked).toEqual([['hint', 'pi', '[2001:db8::1]:4117']]);
  });

  it.each([
    ['0.0.0.0:1', 'stands for no machine'],
    ['224.0.0.1:1', 'multicast'],
    ['1.2.3.4:0', 'port 0'],
    ['1.2.3.4', 'no port'],
  ])('ends with 2 for %s and says why', async (address, why) => {
    const world = new FakeWorld();
    const ended = await world.run('hint', 'pi', address);
    expect(ended).toMatchObject({ code: 2, out: '' });
    expect(ended.err).toContain(why);
    expect(world.control.asked).toEqual([]);
  });
});

describe('tag', () => {
  it('without changes prints the tags there are', async () => {
    const world = new FakeWorld();
    expect((await world.run('tag')).out).toBe('room=roof\n');
    expect(world.control.asked).toEqual([]);
  });

  it('sets tags, and takes off those without a value', async () => {
    const world = new FakeWorld();
    await world.run('tag', 'role=a=b', 'room=');
    const asked = ['tag', ['role', 'a=b'], ['room', undefined]];
    expect(world.control.asked).toEqual([asked]);
  });

  it('ends with 2 for what is no tag', async () => {
    const world = new FakeWorld();
    expect((await world.run('tag', 'role')).code).toBe(2);
    expect((await world.run('tag', '=x')).code).toBe(2);
    for (const [text, why] of [
      [`k=${'x'.repeat(65)}`, 'has a value of 65 bytes; it may have 64'],
      [`${'k'.repeat(33)}=x`, 'has a key of 33 bytes; it may have 32'],
      ['k=a\nb', 'cannot be printed'],
    ] as const) {
      expect((await world.run('tag', text)).code).toBe(2);
      expect(world.stderr.text).toContain(why);
    }
    expect((await world.run('tag', ...Array<string>(33).fill('k=v'))).code).toBe(2);
    expect(world.control.asked).toEqual([]);
  });

  it('takes a tag as long as a record does, and 32 changes at once', async () => {
    const world = new FakeWorld();
    expect((await world.run('tag', `${'k'.repeat(32)}=${'x'.repeat(64)}`)).code).toBe(0);
    expect((await world.run('tag', ...Array<string>(32).fill('k=v'))).code).toBe(0);
    expect(world.control.asked).toHaveLength(2);
  });
});

describe('status and members', () => {
  it('give the documents of the daemon as JSON', async () => {
    const world = new FakeWorld();
    const { out } = await world.run('members', '--json');
    expect(json(out)).toEqual(world.control.members());
    const other = new FakeWorld();
    expect(json((await other.run('status', '--json')).out)).toEqual(other.control.status());
  });

  it('are tables for people', async () => {
    const world = new FakeWorld();
    world.control.list = [member('pi'), member('attic', { state: 'self' })];
    const { out } = await world.run('members');
    expect(out.split('\n')[1]).toMatch(/^attic +this node/);
    world.control.nextStatus = status({ advice: ['a third member would help'] });
    expect((await world.run('status')).out).toContain('! a third member would help');
  });
});

describe('watch', () => {
  /** Runs watch until something was printed, then stops the daemon. */
  async function watched(world: FakeWorld, ...argv: readonly string[]): Promise<string> {
    const { feed } = world.control;
    const running = world.run('watch', ...argv);
    while (!feed.watched) await new Promise((resolve) => setImmediate(resolve));
    feed.tell(world.control.members());
    if (!argv.includes('--members')) feed.tell({ type: 'member-lost', id: idOf('pi'), name: 'pi' });
    feed.close();
    const { code, out, err } = await running;
    expect([code, err]).toEqual([3, 'the daemon has stopped\n']);
    return out;
  }

  it('prints events as sentences with their time of day', async () => {
    const world = new FakeWorld();
    world.control.members = (): never => ({ type: 'afloat' }) as never;
    const lines = (await watched(world)).trim().split('\n');
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} {2}in touch with the cluster$/);
    expect(lines[1]).toContain('pi is lost');
  });

  it('prints events as NDJSON', async () => {
    const world = new FakeWorld();
    world.control.members = (): never => ({ type: 'afloat' }) as never;
    const lines = (await watched(world, '--json')).trim().split('\n');
    expect(lines.map((line) => (json(line) as { type: string }).type)).toEqual([
      'afloat',
      'member-lost',
    ]);
  });

  it('prints the whole members document as NDJSON', async () => {
    const world = new FakeWorld();
    const out = await watched(world, '--members', '--json');
    expect(json(out.trim())).toEqual(world.control.members());
  });

  it('prints the members as a table', async () => {
    expect(await watched(new FakeWorld(), '--members')).toContain('NAME');
  });
});

describe('sim', () => {
  it('tells the outcome and a trace hash, the same for the same seed', async () => {
    const argv = ['sim', '--seed', '7', '--nodes', '3', '--scenario', 'S1', '--json'];
    const first = await new FakeWorld().run(...argv);
    const second = await new FakeWorld().run(...argv);
    expect(first.code).toBe(0);
    expect(json(first.out)).toMatchObject({ schema: 1, seed: 7, outcome: 'converged' });
    expect(second.out).toBe(first.out);
  });

  it('ends with 2 for a scenario that does not exist, and names those that do', async () => {
    const ended = await new FakeWorld().run('sim', '--scenario', 'nonsense');
    expect(ended.code).toBe(2);
    expect(ended.err).toContain('swarm');
  });

  it('is a page for people otherwise', async () => {
    const ended = await new FakeWorld().run('sim', '--nodes', '3', '--scenario', 'S1');
    expect(ended.out).toMatch(/^outcome +converged$/m);
    expect(ended.out).toMatch(/^trace +[0-9a-f]+$/m);
  });
});
