import { describe, expect, it } from 'vitest';
import { toBase32 } from '../../../src/base/base32.ts';
import { utf8 } from '../../../src/base/bytes.ts';
import { wallTime } from '../../../src/base/time.ts';
import { codeAt, readSecret, sameCode, stepOf } from '../../../src/crypto/totp.ts';

/** The secret of RFC 6238, appendix B. */
const RFC = toBase32(utf8('12345678901234567890')).toUpperCase();

describe('codes of the clock', () => {
  it.each([
    // Appendix B has eight digits; six are the last of them (RFC 4226 §5.3).
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ])('are those of RFC 6238 at %i s', (second, code) => {
    expect(codeAt(RFC, stepOf(wallTime(second * 1000)))).toBe(code);
  });

  it('are those that originals make of their secrets', () => {
    expect(codeAt('4S62BZNFXXSZLCRO', 0)).toBe('944181');
    expect(codeAt('4S62BZNFXXSZLCRO', stepOf(wallTime(1_524_485_781_000)))).toBe('179394');
  });

  it('change with each step of 30 s, and a clock before 1970 is in the first', () => {
    expect(stepOf(wallTime(29_999))).toBe(0);
    expect(stepOf(wallTime(30_000))).toBe(1);
    expect(stepOf(wallTime(-1))).toBe(0);
  });

  it('are equal or not, whatever their lengths', () => {
    expect(sameCode('123456', '123456')).toBe(true);
    expect(sameCode('123456', '123457')).toBe(false);
    expect(sameCode('12345', '123456')).toBe(false);
    expect(sameCode('', '')).toBe(true);
  });
});

describe('a secret', () => {
  it('of an original has eight characters', () => {
    expect(readSecret('UDDGFC63')).toBe('UDDGFC63');
    expect(readSecret('UDDGFC6')).toBeUndefined();
  });

  it('has 128 characters at the most', () => {
    expect(readSecret('A'.repeat(128))).toBe('A'.repeat(128));
    expect(readSecret('A'.repeat(129))).toBeUndefined();
  });

  it('is taken in lower case and with padding, and has one spelling', () => {
    expect(readSecret('uddgfc63======')).toBe('UDDGFC63');
  });

  it.each(['UDDGFC61', 'UDDG FC63', '', 'ÄDDGFC63'])('is not %j', (text) => {
    expect(readSecret(text)).toBeUndefined();
  });
});
