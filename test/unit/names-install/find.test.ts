/** Which resolver is told when nobody says which. */
import { describe, expect, it } from 'vitest';
import { findResolver, look } from '../../../src/services/names/install/find.ts';
import { FakeMachine, withDnsmasq, withResolved, withUnbound } from './fake-machine.ts';

const found = async (machine: FakeMachine): Promise<string> =>
  findResolver(await look(machine)).name;

describe('the resolver that a machine asks', () => {
  it('is found by /etc/resolv.conf', async () => {
    expect(await found(withResolved())).toBe('systemd-resolved');
    expect(await found(withDnsmasq())).toBe('dnsmasq');
    expect(await found(withUnbound())).toBe('unbound');
  });

  it('is systemd-resolved when the C library asks it by itself', async () => {
    const machine = withUnbound();
    machine.put('/etc/nsswitch.conf', 'hosts: files resolve [!UNAVAIL=return] dns\n');
    expect(await found(machine)).toBe('systemd-resolved');
    machine.put('/etc/nsswitch.conf', 'hosts: files dns\n');
    expect(await found(machine)).toBe('unbound');
  });

  it.each([
    ['darwin', 'macos'],
    ['win32', 'windows'],
  ])('is the only one on %s', async (platform, name) => {
    const machine = withDnsmasq();
    machine.platform = platform;
    expect(await found(machine)).toBe(name);
  });

  it('has to be said when two are installed', async () => {
    const machine = withDnsmasq();
    machine.put('/etc/unbound/unbound.conf.d/a.conf', '');
    await expect(found(machine)).rejects.toMatchObject({ code: 'dns-resolver-unclear' });
  });

  it('is not NetworkManager’s dnsmasq where that runs none', async () => {
    const machine = withUnbound();
    machine.folders.add('/etc/NetworkManager/dnsmasq.d');
    expect(await found(machine)).toBe('unbound');
    machine.put('/etc/NetworkManager/NetworkManager.conf', '[main]\ndns=dnsmasq\n');
    await expect(found(machine)).rejects.toMatchObject({ code: 'dns-resolver-unclear' });
  });

  it('is not here when another machine is asked', async () => {
    const machine = withDnsmasq();
    machine.put('/etc/resolv.conf', 'nameserver 192.0.2.1\nnameserver 192.0.2.2\n');
    await expect(found(machine)).rejects.toMatchObject({
      code: 'dns-no-resolver',
      message: expect.stringMatching('192.0.2.1 and 192.0.2.2') as string,
    });
    await expect(found(new FakeMachine())).rejects.toMatchObject({ code: 'dns-no-resolver' });
  });
});
