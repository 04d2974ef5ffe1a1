import { describe, expect, it } from 'vitest';
import { address, formatAddress } from '../../../../src/base/address.ts';
import { sourceOf } from '../../../../src/runtime/v1/proxies.ts';

const PROXY = '192.0.2.80';

function source(
  peer: string,
  headers: { readonly forwarded?: string; readonly xForwardedFor?: string },
  trusted: readonly string[] = [PROXY],
): string | undefined {
  const at = address(peer, 5000);
  if (at === undefined) throw new Error('no address');
  const both = { forwarded: headers.forwarded, xForwardedFor: headers.xForwardedFor };
  const found = sourceOf(at, both, new Set(trusted));
  return found && formatAddress(found);
}

describe('the source of a request', () => {
  it('is the TCP peer, whatever a stranger writes into its headers', () => {
    const lie = { forwarded: 'for=198.51.100.1', xForwardedFor: '198.51.100.1' };
    expect(source('203.0.113.5', lie)).toBe('203.0.113.5:5000');
  });

  it('is the peer too when a trusted proxy says nothing', () => {
    expect(source(PROXY, {})).toBe(`${PROXY}:5000`);
  });

  it.each([
    ['198.51.100.1', '198.51.100.1:0'],
    ['198.51.100.1:4711', '198.51.100.1:4711'],
    ['2001:db8::7', '[2001:db8::7]:0'],
    ['[2001:db8::7]:4711', '[2001:db8::7]:4711'],
  ])('is what a trusted proxy wrote: X-Forwarded-For %s', (header, found) => {
    expect(source(PROXY, { xForwardedFor: header })).toBe(found);
  });

  it.each([
    ['for=198.51.100.1', '198.51.100.1:0'],
    ['for="198.51.100.1:4711";proto=https;by=192.0.2.80', '198.51.100.1:4711'],
    ['proto=http;For="[2001:db8::7]:4711"', '[2001:db8::7]:4711'],
    ['for=203.0.113.9, for=198.51.100.1', '198.51.100.1:0'],
  ])('is what a trusted proxy wrote: Forwarded %s (RFC 7239)', (header, found) => {
    expect(source(PROXY, { forwarded: header })).toBe(found);
  });

  it('is the nearest hop that is no trusted proxy: what stands before it anybody wrote', () => {
    const xForwardedFor = '10.0.0.1, 198.51.100.1, 192.0.2.81';
    expect(source(PROXY, { xForwardedFor })).toBe('192.0.2.81:0');
    expect(source(PROXY, { xForwardedFor }, [PROXY, '192.0.2.81'])).toBe('198.51.100.1:0');
  });

  it('is unknown when the trusted proxy hides it', () => {
    for (const forwarded of ['for=unknown', 'for=_hidden', 'proto=https', '']) {
      expect(source(PROXY, { forwarded })).toBeUndefined();
    }
    expect(source(PROXY, { xForwardedFor: 'localhost' })).toBeUndefined();
  });

  it('is unknown when the two headers disagree, of which the proxy wrote one only', () => {
    const xForwardedFor = '198.51.100.1';
    expect(source(PROXY, { xForwardedFor, forwarded: 'for=203.0.113.9' })).toBeUndefined();
    expect(source(PROXY, { xForwardedFor, forwarded: 'for=198.51.100.1' })).toBe('198.51.100.1:0');
  });
});
