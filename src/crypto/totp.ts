/**
 * One-time codes of the clock (RFC 6238), as the original's protocol signs with them: HMAC-SHA-1,
 * six digits, steps of 30 s from 1970 on.
 */

import { HOTP, Secret } from 'otpauth';
import { equal, utf8 } from '../base/bytes.ts';
import type { WallTime } from '../base/time.ts';

/** Length of a step in milliseconds (RFC 6238 §5.2). */
export const STEP_MS = 30_000;

/** Digits of a code. */
export const CODE_DIGITS = 6;

/** Base32 characters of a secret: eight (40 bits) is what an original makes; 128 is 640 bits. */
const SECRET = /^[A-Z2-7]{8,128}$/;

/**
 * A secret in its one spelling, upper-case base32 without padding, 8–128 characters; undefined for
 * anything else. Case and padding are forgiven, since others may write either.
 */
export function readSecret(text: string): string | undefined {
  // Longer than any secret with its padding: a text of megabytes costs nothing.
  if (text.length > 136) return undefined;
  const plain = text.replace(/={1,6}$/, '').toUpperCase();
  return SECRET.test(plain) ? plain : undefined;
}

/** The step that a wall clock is in; RFC 6238 calls it T. */
export function stepOf(wall: WallTime): number {
  return Math.max(0, Math.floor(wall / STEP_MS));
}

/** The code of a step under a secret that {@link readSecret} gave. */
export function codeAt(secret: string, step: number): string {
  return HOTP.generate({ secret: Secret.fromBase32(secret), digits: CODE_DIGITS, counter: step });
}

/** True for equal codes, in a time that tells nothing about how many digits were right. */
export function sameCode(a: string, b: string): boolean {
  return equal(utf8(a), utf8(b));
}
