/**
 * `flotilla dns install` with resolvers that nobody here wrote: the C library finds members by
 * name, follows a move, and afterwards everything is as it was.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeInLab, useCluster } from './gate.ts';
import { House } from './house.ts';
import { systemEnv } from './realm.ts';
import { pause } from './scenario.ts';

/** For a busy machine: that a name is found, or follows a move. In ms. */
const FOUND = 15_000;

/** Unpacked there by tools/test.mjs: to install it would change this machine's own resolver. */
const unpacked = fileURLToPath(
  new URL('../../node_modules/.cache/debian/systemd-resolved', import.meta.url),
);
const resolvedRoot = ['', unpacked].find((root) =>
  existsSync(`${root}/lib/systemd/systemd-resolved`),
);

const inCi = process.env['CI'] === 'true';

/** Whether a program's test runs; where nothing may be skipped it runs and fails. */
function canRun(program: string): boolean {
  const folders = (systemEnv()['PATH'] ?? '').split(':');
  return inCi || folders.some((folder) => existsSync(`${folder}/${program}`));
}

/** It changes its user, which only the machine's own root may. */
const canResolve = inCi || (process.getuid?.() === 0 && resolvedRoot !== undefined);

/** The key of the root zone (RFC 9718), so that a resolver validates what is not excepted. */
const ROOT_KEY = '20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D';

describeInLab('dns install', () => {
  // Among the names that unbound answers by itself unless told otherwise (RFC 8375).
  const at = useCluster({ nodes: 2, up: ['--dns', '127.0.0.1:4153', '--dns-zone', 'home.arpa'] });
  let house: House;
  let before: string;

  beforeEach(async () => {
    house = await House.open(at().lab, 0);
    await house.write('/etc/nsswitch.conf', 'hosts: files dns');
  });

  afterEach(async () => {
    await house.close();
  });

  const name = 'n1.home.arpa';

  async function install(...flags: readonly string[]): Promise<void> {
    before = await house.inventory();
    await house.run(
      at()
        .daemon(0)
        .words(['dns', 'install', ...flags]),
    );
    expect(await house.inventory()).not.toBe(before);
  }

  async function uninstall(): Promise<void> {
    await house.run(at().daemon(0).words(['dns', 'uninstall']));
    expect(await house.inventory()).toBe(before);
  }

  /** Waits until a look-up gives just this; in ms from a moment of `performance.now()`. */
  async function found(wanted: readonly string[], sinceMs: number): Promise<number> {
    let last: readonly string[] = [];
    while (performance.now() - sinceMs < FOUND) {
      last = await house.lookUp(name);
      if (last.join() === wanted.join()) return performance.now() - sinceMs;
      expect(last.length).toBeLessThan(2);
      await pause(20);
    }
    throw new Error(`${name} is ${JSON.stringify(last)}, not ${JSON.stringify(wanted)}`);
  }

  /** The whole of it, once the resolver runs. */
  async function followsMove(resolver: string): Promise<void> {
    const { lab } = at();
    await found([lab.address(1)], performance.now());
    expect(await house.lookUp('nobody.home.arpa')).toEqual([]);
    const { beganMs } = await lab.move([1]);
    const tookMs = await found([lab.address(1)], beganMs);
    console.log(`names: getent through ${resolver} follows a move in ${tookMs.toFixed(0)} ms`);
  }

  it.runIf(canRun('dnsmasq'))('lets dnsmasq answer, which validates all else', async () => {
    await house.write('/etc/resolv.conf', 'nameserver 127.0.0.1');
    await house.write(
      '/etc/dnsmasq.conf',
      ...['conf-dir=/etc/dnsmasq.d', 'no-resolv', 'stop-dns-rebind'],
      ...['dnssec', `trust-anchor=.,${ROOT_KEY.replaceAll(' ', ',')}`, 'server=127.0.0.99'],
    );
    await house.run(['mkdir', '-p', '/etc/dnsmasq.d']);
    await install('--resolver', 'dnsmasq');
    house.spawn(['dnsmasq', '--no-daemon', '--log-facility=-']);
    await followsMove('dnsmasq');
    await uninstall();
  });

  it.runIf(canRun('unbound'))(
    'lets unbound answer, which validates all else and keeps answers for long',
    async () => {
      await house.write('/etc/resolv.conf', 'nameserver 127.0.0.1');
      await house.write('/etc/unbound/unbound.conf.d/root-auto-trust-anchor-file.conf', 'server:');
      await house.write(
        '/etc/unbound/unbound.conf.d/operator.conf',
        ...['server:', ' username: ""', ' chroot: ""', ' pidfile: ""', ' do-ip6: no'],
        ...[' use-syslog: no', ` trust-anchor: ". IN DS ${ROOT_KEY}"`],
        ...[' cache-min-ttl: 60', ' serve-expired: yes', ' private-address: 198.51.100.0/24'],
      );
      await install('--resolver', 'unbound');
      house.spawn(['unbound', '-d']);
      await followsMove('unbound');
      await uninstall();
    },
  );

  it.runIf(canResolve && canRun('dnsmasq'))(
    'lets systemd-resolved answer, and leaves it its other servers',
    async () => {
      const root = resolvedRoot ?? '';
      const resolvectl = `${root}/usr/bin/resolvectl`;
      await house.write('/etc/resolv.conf', 'nameserver 127.0.0.53');
      await house.run(['sh', '-c', USER]);
      const policy = 'dbus-1/system.d/org.freedesktop.resolve1.conf';
      await house.run(['install', '-D', `${root}/usr/share/${policy}`, `/etc/${policy}`]);
      house.spawn(['dbus-daemon', '--system', '--nofork', '--nopidfile']);
      house.spawn(OTHER_SERVER);
      await install('--resolver', 'systemd-resolved');
      house.spawn([`${root}/lib/systemd/systemd-resolved`]);
      const told = [resolvectl, 'dns', 'eth0', '127.0.0.9'];
      await succeeds(() => house.run(told));
      await followsMove('systemd-resolved');
      expect(await house.lookUp('elsewhere.test')).toEqual(['192.0.2.99']);
      expect(await house.lookUp('nowhere.elsewhere.invalid')).toEqual([]);
      await uninstall();
    },
  );

  it('keeps a hosts file up to date', async () => {
    const { lab } = at();
    const file = '/run/flotilla.hosts';
    house.spawn(at().daemon(0).words(['hosts', '--watch', file]));
    const has = async (address: string): Promise<void> => {
      const line = `${address}\t${name}\n`;
      await succeeds(async () => {
        expect(await house.run(['cat', file])).toContain(line);
      });
    };
    await has(lab.address(1));
    const old = lab.address(1);
    await lab.move([1]);
    await has(lab.address(1));
    expect(await house.run(['cat', file])).not.toContain(`${old}\t`);
  });
});

/** A server that an interface has from elsewhere, and that knows one name. */
const OTHER_SERVER = [
  ...['dnsmasq', '--no-daemon', '--conf-file=/dev/null', '--no-resolv', '--no-hosts'],
  ...['--listen-address=127.0.0.9', '--bind-interfaces', '--address=/elsewhere.test/192.0.2.99'],
];

/** The user that systemd-resolved runs as; its package makes it. */
const USER = [
  'grep -q ^systemd-resolve: /etc/passwd ||',
  'echo systemd-resolve:x:992:992::/:/usr/sbin/nologin >> /etc/passwd',
  '; grep -q ^systemd-resolve: /etc/group || echo systemd-resolve:x:992: >> /etc/group',
  '; chown systemd-resolve: /run/systemd/resolve',
].join(' ');

/** Tries until it works. */
async function succeeds(act: () => Promise<unknown>): Promise<void> {
  const last = performance.now() + FOUND;
  for (;;) {
    try {
      await act();
      return;
    } catch (error) {
      if (performance.now() > last) throw error;
    }
    await pause(50);
  }
}
