/** Installing and taking back: what was there before is there after. */
import { describe, expect, it } from 'vitest';
import {
  carryOut,
  findTraces,
  removeTraces,
} from '../../../src/services/names/install/carry-out.ts';
import { findResolver, look, resolvers } from '../../../src/services/names/install/find.ts';
import { FOLDER_MARK, MARK } from '../../../src/services/names/install/plan.ts';
import { FakeMachine, withDnsmasq, withResolved, withUnbound } from './fake-machine.ts';

const target = { zone: 'home.internal', ip: '127.0.0.1', port: 4153 };
const all = Object.values(resolvers);

async function install(machine: FakeMachine, zone = target.zone): Promise<readonly string[]> {
  const facts = await look(machine);
  const plan = findResolver(facts).plan({ ...target, zone }, facts);
  return (await carryOut(plan, machine)).files;
}

async function uninstall(machine: FakeMachine, zone?: string): Promise<readonly string[]> {
  const traces = await findTraces(all, zone, machine);
  return (await removeTraces(traces, await look(machine), machine)).files;
}

const mac = (): FakeMachine => {
  const machine = new FakeMachine({}, ['/etc']);
  machine.platform = 'darwin';
  return machine;
};

describe.each([
  ['systemd-resolved', withResolved],
  ['dnsmasq', withDnsmasq],
  ['unbound', withUnbound],
  ['macOS', mac],
] as const)('%s', (_, make) => {
  it('is told, and forgets without a trace', async () => {
    const machine = make();
    const before = structuredClone(machine.everything);
    const files = await install(machine);
    expect(files).toHaveLength(1);
    expect(machine.everything).not.toEqual(before);
    const told = machine.ran.length;
    expect(told).toBeGreaterThan(0);
    expect(await uninstall(machine)).toEqual(files);
    expect(machine.everything).toEqual(before);
    expect(machine.ran.length).toBeGreaterThan(told);
    expect(await uninstall(machine)).toEqual([]);
  });

  it('is told twice as once', async () => {
    const machine = make();
    await install(machine);
    const once = structuredClone(machine.everything);
    await install(machine);
    expect(machine.everything).toEqual(once);
  });

  it('keeps a file of its operator that has the same name', async () => {
    const machine = make();
    const [path = ''] = await install(machine);
    await uninstall(machine);
    machine.put(path, '# mine\n');
    const before = structuredClone(machine.everything);
    await expect(install(machine)).rejects.toMatchObject({ code: 'dns-file-not-ours' });
    expect(await uninstall(machine)).toEqual([]);
    expect(machine.everything).toEqual(before);
  });

  it('that refuses is left as it was, and its words are passed on', async () => {
    const machine = make();
    const before = structuredClone(machine.everything);
    machine.answer = () => ({ code: 1, output: 'syntax error\nin line 2' });
    await expect(install(machine)).rejects.toMatchObject({
      code: 'dns-resolver-refused',
      message: expect.stringMatching(/said: syntax error$/) as string,
    });
    expect(machine.everything).toEqual(before);
  });

  it('that refuses a newer text has the older one again', async () => {
    const machine = make();
    const [path = ''] = await install(machine);
    machine.put(path, `${MARK}\n# an older one\n`);
    const before = structuredClone(machine.everything);
    machine.answer = () => ({ code: 1, output: '' });
    await expect(install(machine)).rejects.toMatchObject({ code: 'dns-resolver-refused' });
    expect(machine.everything).toEqual(before);
  });
});

describe('an installation', () => {
  it('starts a resolver again that stopped over the file, without the file', async () => {
    const machine = withUnbound();
    let files = -1;
    machine.answer = (words) => {
      if (words.startsWith('systemctl')) {
        files = machine.files.size;
        return { code: files === 3 ? 1 : 0, output: 'job failed' };
      }
      return { code: 0, output: '' };
    };
    await expect(install(machine)).rejects.toMatchObject({ code: 'dns-resolver-refused' });
    expect(machine.ran.filter((words) => words.startsWith('systemctl'))).toHaveLength(2);
    expect(files).toBe(2);
  });

  it('goes on without a program that is not there, and says so', async () => {
    const machine = withUnbound();
    machine.answer = () => ({ code: 'absent', output: '' });
    const facts = await look(machine);
    const { files, ran, notes } = await carryOut(findResolver(facts).plan(target, facts), machine);
    expect([files.length, ran.length, notes.length]).toEqual([1, 0, 2]);
  });

  it('goes on when the resolver is no service of systemd, and says so', async () => {
    const machine = withDnsmasq();
    machine.answer = (words) => ({ code: words.startsWith('systemctl') ? 5 : 0, output: '' });
    const facts = await look(machine);
    const { files, notes } = await carryOut(findResolver(facts).plan(target, facts), machine);
    expect([files.length, notes.length]).toEqual([1, 1]);
  });

  it('that may not write has changed nothing', async () => {
    const machine = withDnsmasq();
    machine.locked = '/etc';
    const before = structuredClone(machine.everything);
    await expect(install(machine)).rejects.toMatchObject({ code: 'EACCES' });
    expect(machine.everything).toEqual(before);
    expect(machine.ran).toEqual([]);
  });

  it('of one zone can be taken back alone, and a zone within it stays', async () => {
    const machine = withDnsmasq();
    const [outer] = await install(machine, 'home');
    const [inner] = await install(machine, 'home.internal');
    expect(await uninstall(machine, 'home')).toEqual([outer]);
    expect(await uninstall(machine)).toEqual([inner]);
  });

  it('leaves a folder that it made when something else came into it', async () => {
    const machine = mac();
    const [path = ''] = await install(machine);
    expect(machine.files.get(path)?.split('\n')[1]).toBe(FOLDER_MARK);
    machine.put('/etc/resolver/test', 'nameserver 192.0.2.1\n');
    await uninstall(machine);
    expect([...machine.files.keys()]).toEqual(['/etc/resolver/test']);
  });
});
