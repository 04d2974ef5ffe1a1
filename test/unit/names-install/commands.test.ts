/** `dns install`, `dns uninstall` and `hosts`, as they are typed. */
import { describe, expect, it } from 'vitest';
import type { MembersDocument } from '../../../src/core/view.ts';
import type { Call } from '../../../src/cli/command.ts';
import * as dns from '../../../src/cli/commands/dns-install.ts';
import * as hosts from '../../../src/cli/commands/hosts.ts';
import type { Daemon } from '../../../src/cli/daemon.ts';
import { Settings } from '../../../src/cli/settings.ts';
import { HOSTS_MARK } from '../../../src/services/names/install/hosts-file.ts';
import { FakeWorld } from '../cli/fake-world.ts';
import { idOf, member, status } from '../api/fake-control.ts';
import { FakeMachine, withDnsmasq } from './fake-machine.ts';

const PATH = '/etc/dnsmasq.d/flotilla-home.internal.conf';

/** A daemon that serves names at these addresses, and shows these views one after the other. */
class FakeDaemon implements Daemon {
  listen: readonly string[] = ['192.0.2.7:53', '127.0.0.1:4153'];
  views: readonly MembersDocument[] = [];
  asked = 0;

  ask: Daemon['ask'] = (route) => {
    this.asked += 1;
    switch (route) {
      case 'GET /v2/dns':
        return Promise.resolve(this.served) as never;
      case 'GET /v2/members':
        return Promise.resolve(this.views.at(-1)) as never;
      default:
        return Promise.resolve(status()) as never;
    }
  };

  async *stream(): AsyncGenerator<never, void, undefined> {
    for (const view of this.views) yield (await Promise.resolve(view)) as never;
  }

  private get served(): object {
    if (this.listen.length === 0) return { schema: 1, serving: false };
    const { listen } = this;
    return { schema: 1, serving: true, zone: 'home.internal', listen, lostMs: 300_000 };
  }
}

interface Typed {
  readonly out: readonly string[];
  readonly err: string;
  readonly code: number;
}

/** Runs the words and flags; `''` as a flag's value switches it on. */
async function type(
  command: typeof dns | typeof hosts,
  words: readonly string[],
  flags: Readonly<Record<string, string>>,
  machine: FakeMachine,
  daemon = new FakeDaemon(),
): Promise<Typed> {
  const world = new FakeWorld();
  world.connect = () => daemon;
  const given = Object.entries(flags).map(
    ([name, text]) => [name, [text === '' ? 'true' : text]] as const,
  );
  const settings = new Settings(new Map(given), {}, undefined);
  const json = settings.on({ ...switchLike, name: 'json' });
  const call: Call = { words, settings, stateFolder: '/srv/attic', json, world };
  const code = await command.run(call, machine);
  const { lines: out } = world.stdout;
  return { out, err: world.stderr.text, code };
}

const switchLike = {
  ...{ value: undefined, short: undefined, many: false, env: 'FLOTILLA_JSON', help: '' },
  read: (texts: readonly string[]) => texts.at(-1) === 'true',
};

describe('dns install', () => {
  it('takes zone and place from the daemon, loopback before others', async () => {
    const machine = withDnsmasq();
    const { code, out } = await type(dns, ['install'], {}, machine);
    expect(code).toBe(0);
    expect(out[0]).toBe(`wrote ${PATH}`);
    expect(machine.files.get(PATH)).toContain('server=/home.internal/127.0.0.1#4153\n');
  });

  it('needs no daemon when both are said', async () => {
    const [machine, daemon] = [withDnsmasq(), new FakeDaemon()];
    const flags = { dns: '0.0.0.0:53', 'dns-zone': 'b.test', resolver: 'dnsmasq' };
    await type(dns, ['install'], flags, machine, daemon);
    expect(daemon.asked).toBe(0);
    const text = machine.files.get('/etc/dnsmasq.d/flotilla-b.test.conf');
    expect(text).toContain('server=/b.test/127.0.0.1#53\n');
  });

  it('with --print changes nothing and shows the whole of it', async () => {
    const machine = withDnsmasq();
    const before = structuredClone(machine.everything);
    const { out } = await type(dns, ['install'], { print: '' }, machine);
    expect(machine.everything).toEqual(before);
    expect(machine.ran).toEqual([]);
    expect(out).toContain(`write ${PATH}`);
    expect(out).toContain('    server=/home.internal/127.0.0.1#4153');
    expect(out).toContain('run systemctl try-restart dnsmasq');
  });

  it('tells programs the same as JSON', async () => {
    const machine = withDnsmasq();
    const shown = await type(dns, ['install'], { print: '', json: '' }, machine);
    expect(JSON.parse(shown.out.join(''))).toMatchObject({
      ...{ schema: 1, done: false, resolver: 'dnsmasq', zone: 'home.internal' },
      files: [{ path: PATH }],
    });
    const { out } = await type(dns, ['install'], { json: '' }, machine);
    const done = { schema: 1, done: true, resolver: 'dnsmasq', files: [PATH], notes: [] };
    expect(JSON.parse(out.join(''))).toMatchObject(done);
  });

  it('prints what another system would be told, and does not do it here', async () => {
    const machine = withDnsmasq();
    const flags = { resolver: 'macos' };
    expect((await type(dns, ['install'], { ...flags, print: '' }, machine)).code).toBe(0);
    await expect(type(dns, ['install'], flags, machine)).rejects.toMatchObject({
      code: 'dns-resolver-elsewhere',
    });
  });

  it('says how to be root, with the state folder that is meant', async () => {
    const machine = withDnsmasq();
    machine.locked = '/etc';
    await expect(type(dns, ['install'], {}, machine)).rejects.toMatchObject({
      code: 'dns-needs-root',
      hint: expect.stringMatching('sudo flotilla dns install --state /srv/attic') as string,
    });
  });

  it('has nothing to tell a resolver while no names are served', async () => {
    const daemon = new FakeDaemon();
    daemon.listen = [];
    await expect(type(dns, ['install'], {}, withDnsmasq(), daemon)).rejects.toMatchObject({
      code: 'dns-off',
    });
  });
});

describe('dns uninstall', () => {
  it('asks no daemon, and says what it removed', async () => {
    const [machine, daemon] = [withDnsmasq(), new FakeDaemon()];
    await type(dns, ['install'], {}, machine);
    const shown = await type(dns, ['uninstall'], { print: '' }, machine, daemon);
    expect(shown.out).toEqual([`remove ${PATH}`]);
    expect(machine.files.has(PATH)).toBe(true);
    const { out, code } = await type(dns, ['uninstall'], {}, machine, daemon);
    expect(out).toEqual([`removed ${PATH}`, 'ran systemctl try-restart dnsmasq']);
    expect([code, daemon.asked, machine.files.has(PATH)]).toEqual([0, 0, false]);
    expect((await type(dns, ['uninstall'], {}, machine)).err).toContain('nothing is installed');
  });

  it('starts only the resolver again whose file it was', async () => {
    const machine = withDnsmasq();
    machine.folders.add('/etc/NetworkManager/dnsmasq.d');
    machine.folders.add('/etc/unbound/unbound.conf.d');
    await type(dns, ['install'], { resolver: 'dnsmasq' }, machine);
    machine.ran.length = 0;
    await type(dns, ['uninstall'], {}, machine);
    expect(machine.ran).toEqual(['systemctl try-restart dnsmasq']);
  });

  it('on Windows removes the rules that bear our comment', async () => {
    const machine = new FakeMachine();
    machine.platform = 'win32';
    await type(dns, ['uninstall'], {}, machine);
    expect(machine.ran).toEqual([expect.stringMatching(/Comment -eq .*Remove-DnsClientNrptRule/)]);
    machine.answer = () => ({ code: 1, output: 'Access denied' });
    await expect(type(dns, ['uninstall'], {}, machine)).rejects.toMatchObject({
      code: 'dns-resolver-refused',
    });
  });
});

describe('hosts', () => {
  const first: MembersDocument = { schema: 1, self: idOf('pi'), members: [member('pi')] };
  const second = { ...first, members: [member('pi', { address: '192.0.2.8:1' })] };

  it('prints one, under the zone that the daemon serves or would', async () => {
    const daemon = new FakeDaemon();
    daemon.views = [first];
    const lines = [HOSTS_MARK, '192.0.2.7\tpi.home.internal'];
    expect((await type(hosts, [], {}, new FakeMachine(), daemon)).out).toEqual(lines);
    daemon.listen = [];
    expect((await type(hosts, [], {}, new FakeMachine(), daemon)).out).toEqual(lines);
    const other = await type(hosts, [], { 'dns-zone': 'b.test' }, new FakeMachine(), daemon);
    expect(other.out[1]).toBe('192.0.2.7\tpi.b.test');
  });

  it('with --watch writes each change once, and ends with the daemon', async () => {
    const [machine, daemon] = [new FakeMachine({}, ['/run']), new FakeDaemon()];
    daemon.views = [first, first, second, second];
    const written: string[] = [];
    const write = machine.write.bind(machine);
    Object.assign(machine, {
      write: (path: string, text: string) => {
        written.push(text.split('\n')[1] ?? '');
        return write(path, text);
      },
    });
    const { code } = await type(hosts, ['/run/h'], { watch: '' }, machine, daemon);
    expect(code).toBe(3);
    expect(written).toEqual(['192.0.2.7\tpi.home.internal', '192.0.2.8\tpi.home.internal']);
    expect(machine.files.get('/run/h')).toContain('192.0.2.8');
  });

  it('replaces a file of its own, and no other', async () => {
    const daemon = new FakeDaemon();
    daemon.views = [first];
    const machine = new FakeMachine({ '/run/h': `${HOSTS_MARK}\nold\n`, '/etc/hosts': 'mine\n' });
    await type(hosts, ['/run/h'], {}, machine, daemon);
    expect(machine.files.get('/run/h')).not.toContain('old');
    await expect(type(hosts, ['/etc/hosts'], {}, machine, daemon)).rejects.toMatchObject({
      code: 'hosts-file-not-ours',
    });
    expect(machine.files.get('/etc/hosts')).toBe('mine\n');
  });
});
