import { describe, expect, it } from 'vitest';
import { checkOptions } from '../../../../src/runtime/options.ts';
import { checkV1 } from '../../../../src/runtime/v1/options.ts';

describe('the place where v1 peers are served', () => {
  it.each([
    ['*:8290', { host: undefined, port: 8290 }],
    ['0.0.0.0:0', { host: '0.0.0.0', port: 0 }],
    ['192.0.2.7:8290', { host: '192.0.2.7', port: 8290 }],
    ['[::]:8290', { host: '::', port: 8290 }],
    ['[2001:DB8::7]:8290', { host: '2001:db8::7', port: 8290 }],
  ])('may be %s', (listen, place) => {
    expect(checkV1({ listen }).listen).toEqual(place);
  });

  it.each(['', '8290', ':8290', 'attic:8290', '192.0.2.7', '192.0.2.7:65536', '::1:8290', '[*]:1'])(
    'may not be "%s"',
    (listen) => {
      expect(() => checkV1({ listen })).toThrow('no address to serve v1 peers on');
    },
  );
});

describe('options for v1 peers', () => {
  it('have the defaults of the original', () => {
    expect(checkV1({})).toMatchObject({ path: '/godddns', interval: 10_000, https: false });
  });

  it.each(['godddns', '/a b', '/a?b', '/a#b', `/${'a'.repeat(256)}`])(
    'take no path such as %s',
    (path) => {
      expect(() => checkV1({ path })).toThrow('is no path');
    },
  );

  it('take an interval from a second to an hour', () => {
    expect(checkV1({ intervalMs: 1_000 }).interval).toBe(1_000);
    expect(checkV1({ intervalMs: 3_600_000 }).interval).toBe(3_600_000);
    for (const intervalMs of [999, 3_600_001, NaN]) {
      expect(() => checkV1({ intervalMs })).toThrow('interval');
    }
  });

  it('take a certificate with its key, or neither', () => {
    expect(() => checkV1({ certFile: 'c.pem' })).toThrow('belong together');
    expect(checkV1({ certFile: 'c.pem', keyFile: 'k.pem' }).https).toBe(true);
  });

  it('take proxies by address', () => {
    expect(checkV1({ trustedProxies: ['[2001:DB8::1]', '192.0.2.1'] }).trustedProxies).toEqual([
      '2001:db8::1',
      '192.0.2.1',
    ]);
    expect(() => checkV1({ trustedProxies: ['proxy.example'] })).toThrow('trusted proxy');
  });

  it('that make a node visible give it the tag that says so', () => {
    expect(checkOptions({ v1: { visible: true } }).settings.tags).toEqual([['v1-visible', 'yes']]);
    expect(checkOptions({}).settings.tags).toEqual([]);
    expect(checkOptions({ v1: 'off' }).v1).toBeUndefined();
  });
});
