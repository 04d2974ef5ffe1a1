import { describe, expect, it } from 'vitest';
import { namesWish, type NamesWish } from '../../../src/cli/daemon-names.ts';
import { Settings } from '../../../src/cli/settings.ts';

function wish(env: Readonly<Record<string, string>>): NamesWish {
  return namesWish(new Settings(new Map(), env, undefined));
}

describe('the flags about names', () => {
  it('left out mean the usual place', () => {
    const listen = [{ family: 4, ip: '127.0.0.1', port: 4153 }];
    expect(wish({})).toEqual({ listen, usual: true, unproven: false });
  });

  it('may turn names off', () => {
    expect(wish({ FLOTILLA_DNS: 'off' })).toBeUndefined();
    expect(wish({ FLOTILLA_DNS: '127.0.0.1:53,off' })).toBeUndefined();
    expect(wish({ FLOTILLA_DNS: 'off,127.0.0.1:53' })?.listen).toHaveLength(1);
  });

  it('take several places, a zone, a time and an upstream', () => {
    const env = {
      FLOTILLA_DNS: '127.0.0.1:53,[::1]:53',
      FLOTILLA_DNS_ZONE: 'Home.Arpa.',
      FLOTILLA_DNS_LOST: 'off',
      FLOTILLA_DNS_UPSTREAM: '192.0.2.53',
    };
    expect(wish(env)).toEqual({
      listen: [
        { family: 4, ip: '127.0.0.1', port: 53 },
        { family: 6, ip: '::1', port: 53 },
      ],
      usual: false,
      unproven: false,
      zone: 'home.arpa',
      lostMs: 0,
      upstream: { family: 4, ip: '192.0.2.53', port: 53 },
    });
  });

  it.each([
    ['2001:db8::53', '2001:db8::53', 53],
    ['[2001:db8::53]', '2001:db8::53', 53],
    ['[2001:db8::53]:5353', '2001:db8::53', 5353],
    ['192.0.2.53:5353', '192.0.2.53', 5353],
  ])('take %s for an upstream', (text, ip, port) => {
    expect(wish({ FLOTILLA_DNS_UPSTREAM: text })?.upstream).toMatchObject({ ip, port });
  });

  it.each([
    ['FLOTILLA_DNS', 'localhost:53', 'dns-not-an-address'],
    ['FLOTILLA_DNS', '127.0.0.1', 'dns-not-an-address'],
    ['FLOTILLA_DNS_ZONE', 'under_score', 'dns-zone-not-a-name'],
    ['FLOTILLA_DNS_LOST', '5', 'value-not-a-duration'],
    ['FLOTILLA_DNS_LOST', '31d', 'value-out-of-range'],
    ['FLOTILLA_DNS_UPSTREAM', 'resolver.example', 'dns-not-an-address'],
    ['FLOTILLA_DNS_UPSTREAM', '127.0.0.1:4153', 'dns-upstream-is-own'],
  ])('refuse %s=%s', (name, value, code) => {
    expect(() => wish({ [name]: value })).toThrow(expect.objectContaining({ code }));
  });
});
