import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src/base/random.ts';
import { identityFrom } from '../../../src/crypto/identity.ts';
import type { MemberView, MembersDocument } from '../../../src/core/view.ts';
import { Convergence } from '../../../src/sim/convergence.ts';
import type { VirtualHost } from '../../../src/sim/host.ts';
import { standInSuite } from '../../../src/sim/stand-in.ts';
import { Truth } from '../../../src/sim/truth.ts';
import { memberView } from './toy.ts';

const random = new SeededRandom(2);

/** As much of a host as the judge of convergence looks at. */
function hostOf(
  name: string,
  ip: string,
  translates = false,
): { host: VirtualHost; show(...m: MemberView[]): void } {
  let members: readonly MemberView[] = [];
  const { id } = identityFrom(standInSuite, random.bytes(32));
  const host = {
    id,
    name,
    site: { addresses: [ip], translates },
    machine: { document: () => ({ records: [], history: [] }) },
    view: (): MembersDocument => ({ schema: 1, self: id, members }),
  } as unknown as VirtualHost;
  return { host, show: (...shown) => (members = shown) };
}

function pair(
  changes: Partial<MemberView> = {},
  routers = false,
): { holds: boolean; complaint: string } {
  const attic = hostOf('attic', '203.0.113.10', routers);
  const pi = hostOf('pi', '203.0.113.11', routers);
  attic.show(memberView({ id: pi.host.id, address: '203.0.113.11:4117', ...changes }));
  pi.show(memberView({ id: attic.host.id, address: '203.0.113.10:4117' }));
  const judge = new Convergence(new Truth());
  return { holds: judge.holds([attic.host, pi.host]), complaint: judge.complaint };
}

describe('a small cluster is whole', () => {
  it('when each shows each alive, in place and proven', () => {
    expect(pair()).toEqual({ holds: true, complaint: 'nothing' });
  });

  it('behind routers at whatever port', () => {
    expect(pair({ address: '203.0.113.11:50000' }, true).holds).toBe(true);
  });

  it.each([
    ['someone is shown elsewhere', { address: '203.0.113.12:4117' }, /it is at 203\.0\.113\.11/],
    ['a fresh port is shown', { address: '203.0.113.11:50000' }, /11:50000, it is at .* 4117/],
    ['someone is shown nowhere', { address: null }, /no address/],
    ['someone is suspected', { state: 'suspect' }, /takes pi for suspect/],
    ['someone is lost', { state: 'lost' }, /takes pi for lost/],
    ['an address is not proven', { proof: 'vouched' }, /no proof of pi/],
  ] as const)('but not when %s', (_what, changes, words) => {
    const { holds, complaint } = pair(changes);
    expect(holds).toBe(false);
    expect(complaint).toMatch(words);
  });

  it('but not when someone is off or unknown', () => {
    const attic = hostOf('attic', '203.0.113.10').host;
    const pi = hostOf('pi', '203.0.113.11').host;
    const judge = new Convergence(new Truth());
    expect(judge.holds([attic, pi])).toBe(false);
    expect(judge.complaint).toMatch(/does not know pi/);
    const off = { ...attic, view: () => undefined } as unknown as VirtualHost;
    expect(judge.holds([off, pi])).toBe(false);
    expect(judge.complaint).toMatch(/is off/);
  });
});

describe('a large cluster is whole', () => {
  function crowd(changes: Partial<MemberView> = {}): Convergence {
    const hosts = Array.from({ length: 17 }, (_, index) =>
      hostOf(`node-${String(index)}`, `203.0.113.${String(index + 10)}`),
    );
    const shown = hosts.map(({ host }) => memberView({ id: host.id, address: null, ...changes }));
    for (const { show } of hosts) show(...shown);
    const judge = new Convergence(new Truth());
    judge.holds(hosts.map(({ host }) => host));
    return judge;
  }

  it('when nobody is lost and no record is missing, proven or not', () => {
    expect(crowd({ proof: 'none' }).complaint).toBe('nothing');
  });

  it('but not when somebody is lost', () => {
    expect(crowd({ state: 'lost' }).complaint).toMatch(/has lost node-/);
  });
});
