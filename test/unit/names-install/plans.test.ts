/** What each resolver is told, word for word, and when it is not told anything. */
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/base/errors.ts';
import { look, resolvers } from '../../../src/services/names/install/find.ts';
import { MARK, type Plan, type ResolverName } from '../../../src/services/names/install/plan.ts';
import { FakeMachine, withDnsmasq, withResolved, withUnbound } from './fake-machine.ts';

const target = { zone: 'home.internal', ip: '127.0.0.1', port: 4153 };
const target6 = { ...target, ip: '::1' };

async function planned(
  name: ResolverName,
  machine: FakeMachine,
  what: typeof target = target,
): Promise<Plan> {
  return resolvers[name].plan(what, await look(machine));
}

/** The one file of a plan, without its mark. */
function only({ files }: Plan): { readonly path: string; readonly lines: readonly string[] } {
  expect(files).toHaveLength(1);
  const [{ path, text } = { path: '', text: '' }] = files;
  const [mark, ...lines] = text.trimEnd().split('\n');
  expect(mark).toBe(MARK);
  expect(text.endsWith('\n')).toBe(true);
  return { path, lines };
}

async function refusal(name: ResolverName, machine: FakeMachine, what = target): Promise<string> {
  const error = await planned(name, machine, what).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  return (error as UserError).code;
}

describe('systemd-resolved', () => {
  it('before 258 gets a drop-in whose domain is for routing alone', async () => {
    const plan = await planned('systemd-resolved', withResolved());
    expect(only(plan)).toEqual({
      path: '/etc/systemd/resolved.conf.d/flotilla-home.internal.conf',
      lines: ['[Resolve]', 'DNS=127.0.0.1:4153', 'Domains=~home.internal'],
    });
    expect(plan.apply).toEqual([['systemctl', 'try-reload-or-restart', 'systemd-resolved']]);
    expect(plan.notes).toEqual([]);
  });

  it('from 258 on gets a delegate file', async () => {
    const machine = withResolved();
    machine.systemd = 258;
    expect(only(await planned('systemd-resolved', machine, target6))).toEqual({
      path: '/etc/systemd/dns-delegate.d/flotilla-home.internal.dns-delegate',
      lines: ['[Delegate]', 'DNS=[::1]:4153', 'Domains=~home.internal'],
    });
  });

  it('is not given a second server for all names: it would ask one or the other', async () => {
    const machine = withResolved();
    machine.put('/etc/systemd/resolved.conf', '[Resolve]\nDNS=192.0.2.1\n');
    expect(await refusal('systemd-resolved', machine)).toBe('dns-resolved-has-servers');
    machine.systemd = 258;
    expect((await planned('systemd-resolved', machine)).files).toHaveLength(1);
  });

  it('is not given a second zone either, before 258', async () => {
    const machine = withResolved();
    const other = only(await planned('systemd-resolved', machine, { ...target, zone: 'b.test' }));
    machine.put(other.path, `${MARK}\n${other.lines.join('\n')}\n`);
    expect(await refusal('systemd-resolved', machine)).toBe('dns-resolved-has-servers');
    // Its own zone may be written again.
    const again = planned('systemd-resolved', machine, { ...target, zone: 'b.test' });
    expect((await again).files).toHaveLength(1);
  });

  it('minds no drop-in that another of its name hides', async () => {
    const machine = withResolved();
    machine.put('/usr/lib/systemd/resolved.conf.d/vendor.conf', '[Resolve]\nDNS=192.0.2.1\n');
    expect(await refusal('systemd-resolved', machine)).toBe('dns-resolved-has-servers');
    machine.put('/etc/systemd/resolved.conf.d/vendor.conf', '');
    expect((await planned('systemd-resolved', machine)).files).toHaveLength(1);
  });

  it('is too old before it took ports', async () => {
    const machine = withResolved();
    machine.systemd = 245;
    expect(await refusal('systemd-resolved', machine)).toBe('dns-resolved-too-old');
  });

  it('is said to need a server of an interface for other names', async () => {
    const machine = withResolved();
    machine.put('/run/systemd/resolve/resolv.conf', '# No DNS servers known.\n');
    expect((await planned('systemd-resolved', machine)).notes).toHaveLength(1);
  });
});

describe('macOS', () => {
  it('gets a file named like the zone, with the port on a line of its own', async () => {
    const machine = new FakeMachine();
    machine.platform = 'darwin';
    expect(only(await planned('macos', machine))).toEqual({
      path: '/etc/resolver/home.internal',
      lines: ['nameserver 127.0.0.1', 'port 4153'],
    });
  });
});

describe('Windows', () => {
  const machine = new FakeMachine();
  machine.platform = 'win32';

  it('has no ports in its rules, so another port is refused', async () => {
    expect(await refusal('windows', machine)).toBe('dns-port-not-53');
  });

  it('gets one rule, in place of an older one of ours and of no other', async () => {
    const { files, apply } = await planned('windows', machine, { ...target, port: 53 });
    expect(files).toEqual([]);
    const [[program, ...words] = ['']] = apply;
    expect(program).toBe('powershell.exe');
    const statements = (words.at(-1) ?? '').split('; ');
    expect(statements).toEqual([
      "$ErrorActionPreference = 'Stop'",
      expect.stringMatching(/^if \(.*-ne 'Made by flotilla dns install' \}\) \{ throw /),
      expect.stringMatching(/-eq 'Made by flotilla dns install' -and .*Remove-DnsClientNrptRule/),
      "Add-DnsClientNrptRule -Namespace '.home.internal','home.internal' " +
        "-NameServers '127.0.0.1' -Comment 'Made by flotilla dns install'",
      'Clear-DnsClientCache',
    ]);
  });
});

describe('dnsmasq', () => {
  it('gets a server of the zone, which may have private addresses', async () => {
    const plan = await planned('dnsmasq', withDnsmasq());
    const { path, lines } = only(plan);
    expect(path).toBe('/etc/dnsmasq.d/flotilla-home.internal.conf');
    expect(lines.filter((line) => !line.startsWith('#'))).toEqual([
      'server=/home.internal/127.0.0.1#4153',
      'rebind-domain-ok=/home.internal/',
    ]);
    expect(plan.checks).toEqual([['dnsmasq', '--test', `--conf-file=${path}`]]);
    // A reload would be a signal, upon which it does not read this.
    expect(plan.apply).toEqual([['systemctl', 'try-restart', 'dnsmasq']]);
    expect(plan.notes).toEqual([]);
  });

  it('of NetworkManager is started again by NetworkManager', async () => {
    const machine = new FakeMachine({}, ['/etc/NetworkManager/dnsmasq.d', '/run/systemd/system']);
    const plan = await planned('dnsmasq', machine, target6);
    expect(only(plan).path).toMatch('/etc/NetworkManager/dnsmasq.d/');
    expect(only(plan).lines[0]).toBe('server=/home.internal/::1#4153');
    expect(plan.apply).toEqual([['systemctl', 'try-restart', 'NetworkManager']]);
    expect(plan.notes).toEqual([]);
  });

  it('may not read its folder, which is said', async () => {
    const machine = withDnsmasq();
    machine.put('/etc/default/dnsmasq', '# CONFIG_DIR=/etc/dnsmasq.d\n');
    expect((await planned('dnsmasq', machine)).notes).toEqual([expect.stringMatching('conf-dir')]);
  });

  it('has to be restarted by hand where systemd does not run', async () => {
    const machine = withDnsmasq();
    machine.folders.delete('/run/systemd/system');
    const plan = await planned('dnsmasq', machine);
    expect(plan.apply).toEqual([]);
    expect(plan.notes).toEqual([expect.stringMatching('Restart dnsmasq')]);
  });

  it('that is not there is not made up', async () => {
    expect(await refusal('dnsmasq', new FakeMachine())).toBe('dns-resolver-missing');
  });
});

describe('unbound', () => {
  it('gets a stub zone that is not validated and of which nothing is kept', async () => {
    expect(only(await planned('unbound', withUnbound()))).toEqual({
      path: '/etc/unbound/unbound.conf.d/flotilla-home.internal.conf',
      lines: [
        'server:',
        '    do-not-query-localhost: no',
        '    domain-insecure: "home.internal"',
        '    private-domain: "home.internal"',
        '    local-zone: "home.internal." transparent',
        'stub-zone:',
        '    name: "home.internal"',
        '    stub-addr: 127.0.0.1@4153',
        '    stub-no-cache: yes',
      ],
    });
  });

  it('is told to ask its own machine only when it has to', async () => {
    const { lines } = only(await planned('unbound', withUnbound(), { ...target, ip: '192.0.2.7' }));
    expect(lines.join('\n')).not.toContain('do-not-query-localhost');
  });
});
