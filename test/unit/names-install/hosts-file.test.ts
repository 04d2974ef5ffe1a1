/** The members as a hosts file. */
import { describe, expect, it } from 'vitest';
import type { MembersDocument, MemberView } from '../../../src/core/view.ts';
import {
  HOSTS_MARK,
  hostsText,
  isOwnHosts,
  nextExpiry,
} from '../../../src/services/names/install/hosts-file.ts';
import { idOf, member } from '../api/fake-control.ts';

const settings = { name: 'home.internal', lostMs: 300_000, unproven: false };

const view = (...members: MemberView[]): MembersDocument => ({
  schema: 1,
  self: idOf('attic'),
  members,
});

/** The lines after the mark. */
function lines(...members: MemberView[]): readonly string[] {
  const text = hostsText(view(...members), settings);
  expect(isOwnHosts(text)).toBe(true);
  expect(text.endsWith('\n')).toBe(true);
  return text.trimEnd().split('\n').slice(1);
}

describe('a hosts file', () => {
  it('has a line for each member with an address, by name, both families', () => {
    expect(
      lines(
        member('pi', { address: '[2001:db8::7]:4117' }),
        member('Attic', { state: 'self', address: '192.0.2.1:4117' }),
        member('cellar', { address: null }),
      ),
    ).toEqual(['192.0.2.1\tattic.home.internal', '2001:db8::7\tpi.home.internal']);
  });

  it('says what DNS says: neither who left nor what nobody proved', () => {
    const claimed = member('cellar', { protocol: 1, proof: 'none' });
    expect(lines(member('pi', { state: 'left' }), claimed)).toEqual([]);
    expect(hostsText(view(claimed), { ...settings, unproven: true })).toContain('cellar');
  });

  it('keeps a lost member for as long as DNS does', () => {
    const lost = (lastHeardMs: number): MemberView => member('pi', { state: 'lost', lastHeardMs });
    expect(lines(lost(299_999))).toHaveLength(1);
    expect(lines(lost(300_000))).toEqual([]);
    expect(nextExpiry(view(lost(299_000), lost(200_000), member('a')), settings)).toBe(1_000);
    expect(nextExpiry(view(lost(300_000), member('a')), settings)).toBeUndefined();
  });

  it('gives no short names: a member may be called localhost', () => {
    expect(lines(member('localhost'))).toEqual(['192.0.2.7\tlocalhost.home.internal']);
  });

  it('is known as ours by its first line alone', () => {
    expect(isOwnHosts(`${HOSTS_MARK}\n`)).toBe(true);
    expect(isOwnHosts(`127.0.0.1 localhost\n${HOSTS_MARK}\n`)).toBe(false);
    expect(isOwnHosts('')).toBe(false);
  });
});
