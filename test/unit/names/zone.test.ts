import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MembersDocument, MemberView } from '../../../src/core/view.ts';
import { ask, zone } from '../../../src/services/names/ask.ts';
import { nameKey } from '../../../src/services/names/labels.ts';
import { Zone } from '../../../src/services/names/zone.ts';
import { idOf, member, SETTINGS, v1Peer, view, zoneOf } from './view.ts';

/** What the zone says, in one line: the code, then the data of the answers. */
function said(
  of: MembersDocument,
  name: string,
  type: string,
  settings: Partial<typeof SETTINGS> = {},
): string {
  const { rcode, answers, authority } = zone(of, { name, type }, { ...SETTINGS, ...settings });
  const soa = authority.some((one) => one.type === 'SOA') ? ['SOA'] : [];
  return [rcode, ...answers.map(({ data }) => data), ...soa].join(' ');
}

const NO_DATA = 'NOERROR SOA';
const NX_DOMAIN = 'NXDOMAIN SOA';

describe('a member', () => {
  const home = view(member(2, 'cellar', { tags: { role: 'storage', 'two words': 'a b' } }));

  it('is found by name and by ID, with an address and with what it says of itself', () => {
    expect(said(home, 'cellar.home.internal', 'A')).toBe('NOERROR 192.0.2.2');
    expect(said(home, `${idOf(2)}.home.internal.`, 'A')).toBe('NOERROR 192.0.2.2');
    expect(said(home, 'cellar.home.internal', 'TXT')).toBe(
      `NOERROR "id=${idOf(2)}" "role=storage" "two words=a b"`,
    );
  });

  it('is found whatever the case of the letters', () => {
    expect(said(home, 'CeLLar.HOME.internal', 'a')).toBe('NOERROR 192.0.2.2');
  });

  it('with an IPv6 address has AAAA and no A', () => {
    const six = view(member(2, 'cellar', { address: '[2001:db8::2]:4117' }));
    expect(said(six, 'cellar.home.internal', 'AAAA')).toBe('NOERROR 2001:db8::2');
    expect(said(six, 'cellar.home.internal', 'A')).toBe(NO_DATA);
    const local = view(member(2, 'cellar', { address: '[fe80::2]:4117' }));
    expect(said(local, 'cellar.home.internal', 'AAAA')).toBe(NO_DATA);
  });

  it('without a believed address is there, without an address', () => {
    for (const differs of [{ address: null }, { proof: 'none' }] as const) {
      const of = view(member(2, 'cellar', differs));
      expect(said(of, 'cellar.home.internal', 'A')).toBe(NO_DATA);
      expect(said(of, 'cellar.home.internal', 'TXT')).toContain('id=');
    }
  });

  it('that left is gone at once, with its address and its tags', () => {
    const of = view(member(2, 'cellar', { state: 'left', tags: { role: 'storage' } }));
    for (const name of ['cellar', idOf(2), 'storage.role.tag', 'role.tag', 'tag']) {
      expect(said(of, `${name}.home.internal`, 'A')).toBe(NX_DOMAIN);
    }
    expect(said(of, '2.2.0.192.in-addr.arpa', 'PTR')).toBe('REFUSED');
  });

  it.each([
    [299_999, 300_000, 'NOERROR 192.0.2.2'],
    [300_000, 300_000, NO_DATA],
    [null, 300_000, NO_DATA],
    [0, 0, NO_DATA],
  ])(
    'lost and heard %s ms ago, with %s ms allowed, is answered %s',
    (lastHeardMs, lostMs, line) => {
      const of = view(member(2, 'cellar', { state: 'lost', lastHeardMs }));
      expect(said(of, 'cellar.home.internal', 'A', { lostMs })).toBe(line);
      expect(said(of, 'cellar.home.internal', 'TXT', { lostMs })).toContain('id=');
    },
  );

  it('that is doubted is answered as before', () => {
    const of = view(member(2, 'cellar', { state: 'suspect' }));
    expect(said(of, 'cellar.home.internal', 'A')).toBe('NOERROR 192.0.2.2');
  });

  it('has only its new address after a move', () => {
    const moving = zoneOf(view(member(2, 'cellar')));
    const touched = moving.update(view(member(2, 'cellar', { address: '198.51.100.9:1' })));
    expect(touched.size).toBeGreaterThan(0);
    const { answers } = ask(moving, { name: 'cellar.home.internal', type: 'A' });
    expect(answers.map(({ data }) => data)).toEqual(['198.51.100.9']);
    expect(ask(moving, { name: '2.2.0.192.in-addr.arpa', type: 'PTR' }).rcode).toBe('REFUSED');
  });
});

describe('a peer of protocol 1', () => {
  it('has the name it goes by, if that is a label and no member has it', () => {
    const of = view(v1Peer('Pi'), v1Peer('under_score'), v1Peer('attic'));
    expect(said(of, 'pi.home.internal', 'A')).toBe('NOERROR 192.0.2.99');
    expect(said(of, 'under_score.home.internal', 'A')).toBe(NX_DOMAIN);
    expect(said(of, 'attic.home.internal', 'A')).toBe('NOERROR 192.0.2.1');
  });

  it('is given out unproven only if the operator says so', () => {
    const of = view(v1Peer('pi', { proof: 'none', address: '192.0.2.50' }));
    expect(said(of, 'pi.home.internal', 'A')).toBe(NO_DATA);
    expect(said(of, 'pi.home.internal', 'A', { unproven: true })).toBe('NOERROR 192.0.2.50');
    const two = view(member(2, 'cellar', { proof: 'none' }));
    expect(said(two, 'cellar.home.internal', 'A', { unproven: true })).toBe(NO_DATA);
  });
});

describe('a tag', () => {
  const storage = { tags: { role: 'storage' } };

  it('leads to all members that have it, once an address', () => {
    const same = member(4, 'pi', { ...storage, address: '192.0.2.2:5' });
    const of = view(member(2, 'cellar', storage), member(3, 'shed', storage), same);
    expect(said(of, 'storage.role.tag.home.internal', 'A')).toBe('NOERROR 192.0.2.2 192.0.2.3');
  });

  it('leads to lost members only while no other has it', () => {
    const lost = member(2, 'cellar', { ...storage, state: 'lost' });
    expect(said(view(lost), 'storage.role.tag.home.internal', 'A')).toBe('NOERROR 192.0.2.2');
    const both = view(lost, member(3, 'shed', storage));
    expect(said(both, 'storage.role.tag.home.internal', 'A')).toBe('NOERROR 192.0.2.3');
  });

  it('has names above it that exist and hold nothing (RFC 8020)', () => {
    const of = view(member(2, 'cellar', storage));
    expect(said(of, 'role.tag.home.internal', 'A')).toBe(NO_DATA);
    expect(said(of, 'tag.home.internal', 'A')).toBe(NO_DATA);
    expect(said(of, 'x.role.tag.home.internal', 'A')).toBe(NX_DOMAIN);
    expect(said(view(), 'tag.home.internal', 'A')).toBe(NX_DOMAIN);
  });

  it('that is made of no labels has no name', () => {
    const of = view(member(2, 'cellar', { tags: { role: 'a.b', 'k k': 'v', dot: 'a b' } }));
    expect(said(of, 'tag.home.internal', 'A')).toBe(NX_DOMAIN);
    // A dot inside one label is no dot between two.
    expect(said(view(member(2, 'x', storage)), 'storage.role.x.tag.home.internal', 'A')).toBe(
      NX_DOMAIN,
    );
  });

  it('and a member may both be called tag', () => {
    const of = view(member(2, 'tag', storage));
    expect(said(of, 'tag.home.internal', 'A')).toBe('NOERROR 192.0.2.2');
    expect(said(of, 'storage.role.tag.home.internal', 'A')).toBe('NOERROR 192.0.2.2');
  });
});

describe('the zone', () => {
  it('has SOA and NS at its top, the server being this node', () => {
    expect(said(view(), 'home.internal', 'NS')).toBe('NOERROR attic.home.internal.');
    expect(said(view(), 'home.internal', 'SOA')).toMatch(
      /^NOERROR attic\.home\.internal\. hostmaster\.home\.internal\. 1 3600 600 86400 1$/,
    );
    expect(said(view(), 'home.internal', 'A')).toBe(NO_DATA);
  });

  it('knows what is below a host to be nothing, services too', () => {
    for (const name of ['x.attic', '_ssh._tcp', '_tcp', '*']) {
      expect(said(view(), `${name}.home.internal`, 'SRV')).toBe(NX_DOMAIN);
    }
  });

  it('refuses what is outside, also what only ends alike', () => {
    for (const name of ['example.org', 'internal', 'xhome.internal', '', 'a..home.internal']) {
      expect(said(view(), name, 'A')).toBe('REFUSED');
    }
  });

  it('gives reverse names of addresses held now, and of no others', () => {
    const six = member(2, 'cellar', { address: '[2001:db8::2]:1' });
    const name = `2.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`;
    expect(said(view(six), name, 'PTR')).toBe('NOERROR cellar.home.internal.');
    expect(said(view(), '1.2.0.192.in-addr.arpa', 'PTR')).toBe('NOERROR attic.home.internal.');
    expect(said(view(), '1.2.0.192.in-addr.arpa', 'A')).toBe(NO_DATA);
    expect(said(view(), '01.2.0.192.in-addr.arpa', 'PTR')).toBe('REFUSED');
    expect(said(view(), '2.0.192.in-addr.arpa', 'PTR')).toBe('REFUSED');
  });

  it('may have another name, and refuses one that is none', () => {
    const settings = { name: 'Pool.Example.ORG.' };
    expect(said(view(), 'attic.pool.example.org', 'A', settings)).toBe('NOERROR 192.0.2.1');
    for (const name of ['', '.', 'a_b', 'a..b', '192.0.2.1', 'x'.repeat(64)]) {
      expect(() => zone(view(), { name: 'x', type: 'A' }, { name })).toThrow('no domain');
    }
  });

  it('answers ANY with little (RFC 8482)', () => {
    expect(said(view(), 'attic.home.internal', 'ANY')).toBe('NOERROR "RFC8482" ""');
  });

  it('takes away who is gone, by ID', () => {
    const kept = zoneOf(view(member(2, 'cellar'), member(3, 'shed')));
    expect([...kept.take({ ...view(), members: [] }, [idOf(2), 'nobody'])]).toContain(
      nameKey('cellar.home.internal'),
    );
    expect([kept.held, kept.serial]).toEqual([2, 2]);
    expect(kept.find(nameKey('cellar.home.internal') ?? '')).toBeUndefined();
    expect(kept.retain(new Set([idOf(1), idOf(3)])).size).toBe(0);
    expect([kept.held, kept.serial]).toEqual([2, 2]);
  });

  it('knows who else is at an address, and names sixteen of them at the most', () => {
    const at = (count: number): MemberView[] =>
      Array.from({ length: count }, (_, index) =>
        member(index + 2, `m${String(index)}`, { address: `192.0.2.9:${String(index + 1)}` }),
      );
    expect(zoneOf(view(...at(2))).beside([idOf(1), idOf(2), 'nobody'])).toEqual([idOf(3)]);
    expect(zoneOf(view(...at(16))).beside([idOf(2)]).length).toBe(15);
    expect(zoneOf(view(...at(17))).beside([idOf(18)]).length).toBe(16);
  });

  it('counts as many names as it has', () => {
    const all = view(member(2, 'cellar', { tags: { role: 'disk' } }), v1Peer('pi'));
    const zone = zoneOf(all);
    expect(zone.size).toBe([...zone.names()].length);
    zone.update(view());
    expect(zone.size).toBe([...zone.names()].length);
  });

  it('counts only changes that show', () => {
    const kept = zoneOf(view(member(2, 'cellar')));
    expect(kept.serial).toBe(1);
    kept.update(view(member(2, 'cellar', { rttMs: 7, lastHeardMs: 99, address: '192.0.2.2:9' })));
    expect(kept.serial).toBe(1);
    kept.update(view(member(2, 'cellar', { state: 'lost', lastHeardMs: 100 })));
    expect(kept.serial).toBe(2);
  });

  it('is the same whether it followed many views, whole or by member, or saw the last', () => {
    const names = ['cellar', 'shed', 'pi', 'tag'];
    const one = fc.record({
      number: fc.integer({ min: 2, max: 6 }),
      name: fc.constantFrom(...names),
      differs: fc.record(
        {
          state: fc.constantFrom<MemberView['state'][]>('alive', 'lost', 'left', 'suspect'),
          protocol: fc.constantFrom<(1 | 2)[]>(1, 2),
          address: fc.constantFrom(null, '192.0.2.7:1', '192.0.2.8:1', '[2001:db8::7]:1'),
          tags: fc.constantFrom<Record<string, string>[]>({}, { a: 'b' }, { a: 'c', d: 'b' }),
        },
        { requiredKeys: [] },
      ),
    });
    const views = fc
      .uniqueArray(one, { selector: ({ number }) => number, maxLength: 5 })
      .map((members) => view(...members.map((m) => member(m.number, m.name, m.differs))));
    fc.assert(
      fc.property(fc.array(views, { minLength: 1, maxLength: 6 }), (seen) => {
        const followed = new Zone(SETTINGS);
        for (const each of seen) followed.update(each);
        const byMember = new Zone(SETTINGS);
        for (const { members, ...rest } of seen) {
          const ids = new Set<string>(members.map(({ id }) => id));
          byMember.retain(ids);
          for (const one of members.toReversed()) byMember.take({ ...rest, members: [one] });
        }
        const fresh = zoneOf(seen.at(-1) ?? view());
        const listed = (of: Zone): string[] =>
          [...of.names()]
            .filter(([key]) => key !== of.apex)
            .map(
              ([key, { records }]) =>
                key +
                records
                  .map((r) => JSON.stringify(r))
                  .toSorted()
                  .join(),
            )
            .toSorted();
        expect(listed(followed)).toEqual(listed(fresh));
        expect(listed(byMember)).toEqual(listed(fresh));
        expect([followed.held, byMember.held]).toEqual([fresh.held, fresh.held]);
      }),
    );
  });
});
