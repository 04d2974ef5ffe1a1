import { decode, encode, type RecordType as Kind } from 'dns-packet';
import { describe, expect, it } from 'vitest';
import { ask } from '../../../src/services/names/ask.ts';
import { Answers, noQueries } from '../../../src/services/names/answers.ts';
import { keyText } from '../../../src/services/names/zone.ts';
import { answersOf, member, v1Peer, view, zoneOf } from './view.ts';

const UDP = { transport: 'udp', recursion: false } as const;

function said(answers: Answers, name: string, type: Kind): ReturnType<typeof decode> {
  const questions = [{ name, type: type as 'A' }];
  const reply = answers.reply(encode({ type: 'query', id: 1, questions }), UDP);
  if (!Buffer.isBuffer(reply)) throw new Error(`no answer but ${String(reply)}`);
  return decode(reply);
}

function addresses(answers: Answers, name: string): unknown[] {
  const { answers: records = [] } = said(answers, name, 'A');
  return records.map((record) => ('data' in record ? record.data : undefined));
}

const home = view(
  member(2, 'cellar', { tags: { role: 'storage' } }),
  member(3, 'shed', { address: '[2001:db8::3]:1', tags: { role: 'storage' } }),
  v1Peer('pi'),
);

describe('ready-made answers', () => {
  it('say the same as the zone, for every name and type', () => {
    const zone = zoneOf(home);
    const answers = answersOf(zone);
    const names = [...zone.names()].map(([key]) => keyText(key));
    expect(names.length).toBeGreaterThan(10);
    const others = ['nobody.home.internal', 'tag.home.internal', 'role.tag.home.internal'];
    for (const name of [...names, ...others]) {
      for (const type of ['A', 'AAAA', 'TXT', 'PTR', 'SRV', 'SOA', 'NS', 'MX'] as const) {
        const text = ask(zone, { name, type });
        // Once made, once from memory.
        for (const octets of [said(answers, name, type), said(answers, name, type)]) {
          expect(octets).toMatchObject({ rcode: text.rcode, flag_aa: true });
          expect(octets.answers?.length).toBe(text.answers.length);
          expect(octets.authorities?.length).toBe(text.authority.length);
        }
      }
    }
  });

  it('follow the zone: nothing old is left, under no name', () => {
    const zone = zoneOf(home);
    const answers = answersOf(zone);
    expect(addresses(answers, 'cellar.home.internal')).toEqual(['192.0.2.2']);
    expect(addresses(answers, 'storage.role.tag.home.internal')).toEqual(['192.0.2.2']);
    const moved = member(2, 'cellar', { address: '192.0.2.77:1', tags: { role: 'storage' } });
    answers.refresh(zone.update(view(moved)));
    for (const name of ['cellar', moved.id, 'storage.role.tag']) {
      expect(addresses(answers, `${name}.home.internal`)).toEqual(['192.0.2.77']);
    }
    expect(said(answers, 'shed.home.internal', 'A')).toMatchObject({ rcode: 'NXDOMAIN' });
    expect(said(answers, '77.2.0.192.in-addr.arpa', 'PTR').answers?.length).toBe(1);
    const serial = said(answers, 'home.internal', 'SOA').answers?.[0];
    expect(serial).toMatchObject({ data: { serial: 2 } });
    const denied = said(answers, 'cellar.home.internal', 'AAAA').authorities?.[0];
    expect(denied).toMatchObject({ data: { serial: 2 } });
  });

  it('come and go with names that were asked for while they were not there', () => {
    const zone = zoneOf(view());
    const answers = answersOf(zone);
    expect(said(answers, 'cellar.home.internal', 'A')).toMatchObject({ rcode: 'NXDOMAIN' });
    answers.refresh(zone.update(view(member(2, 'cellar'))));
    expect(addresses(answers, 'cellar.home.internal')).toEqual(['192.0.2.2']);
    answers.refresh(zone.update(view(member(2, 'cellar', { address: null }))));
    expect(said(answers, 'cellar.home.internal', 'A')).toMatchObject({ rcode: 'NOERROR' });
    expect(addresses(answers, 'cellar.home.internal')).toEqual([]);
    answers.refresh(zone.update(view(member(2, 'cellar', { state: 'left' }))));
    expect(said(answers, 'cellar.home.internal', 'A')).toMatchObject({ rcode: 'NXDOMAIN' });
  });

  it('hold at most a thousand addresses for one name, which TCP can carry', () => {
    const many = Array.from({ length: 1_001 }, (_, index) => {
      const address = `10.0.${String(index >> 8)}.${String(index & 255)}:1`;
      const id = `v1:m${String(index)}`;
      return v1Peer(`m${String(index)}`, { id: id as never, address, tags: { role: 'disk' } });
    });
    const questions = [{ name: 'disk.role.tag.home.internal', type: 'A' as const }];
    const reply = answersOf(zoneOf(view(...many))).reply(
      encode({ type: 'query', id: 1, questions }),
      { transport: 'tcp', recursion: false },
    ) as Buffer;
    expect(reply.readUInt16BE(6)).toBe(1_000);
    expect(reply.length).toBeLessThan(65_536);
  });

  it('are counted by how they ended', () => {
    const counters = noQueries();
    const zone = zoneOf(home);
    const answers = new Answers(zone, counters);
    answers.refresh([]);
    said(answers, 'cellar.home.internal', 'A');
    said(answers, 'cellar.home.internal', 'AAAA');
    said(answers, 'nobody.home.internal', 'A');
    said(answers, 'home.internal', 'AXFR');
    answers.reply(Buffer.alloc(12), UDP);
    answers.reply(Buffer.alloc(3), UDP);
    expect(counters).toMatchObject({ queries: 6, answered: 1, noData: 1, nxDomain: 1 });
    expect(counters).toMatchObject({ refused: 1, faults: 1, dropped: 1 });
  });
});
