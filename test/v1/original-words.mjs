/** What a scripted original says and reads: codes, Go's JSON, addresses as texts. */
import { createHmac, randomBytes } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const STEP_MS = 30_000;

/** RFC 4648 §6 without padding, upper case alone; undefined for anything else. */
function unbase32(text) {
  const octets = [];
  let bits = 0;
  let kept = 0;
  for (const letter of text) {
    const value = ALPHABET.indexOf(letter);
    if (value < 0) return undefined;
    kept = (kept << 5) | value;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    octets.push((kept >> bits) & 0xff);
    kept &= (1 << bits) - 1;
  }
  return Buffer.from(octets);
}

/** RFC 6238: HMAC-SHA-1, 6 digits, steps of 30 s from the epoch. */
export function codeAt(secret, ms) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(ms / STEP_MS)));
  const key = unbase32(secret);
  if (key === undefined) return '';
  const digest = createHmac('sha1', key).update(counter).digest();
  const offset = (digest.at(-1) ?? 0) & 0x0f;
  return String((digest.readUInt32BE(offset) & 0x7fff_ffff) % 1_000_000).padStart(6, '0');
}

/** As Go's encoder writes a map: keys sorted, and nothing that HTML could trip over. */
export function goJson(fields) {
  const sorted = Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));
  return JSON.stringify(sorted).replace(
    /[<>&\u2028\u2029]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** RFC 9110 §5.6.7, of its own clock. */
export function httpDate(ms) {
  return new Date(ms).toUTCString();
}

/** 10/8, 172.16/12, 192.168/16 and 127/8. */
export function isPrivate(ip) {
  return /^(10|127|192\.168|172\.(1[6-9]|2\d|3[01]))\./.test(ip);
}

/** What stands before the first colon: right for IPv4, and what an original makes of IPv6. */
export function beforeColon(text) {
  return text.split(':', 1)[0] ?? '';
}

/** Field names are matched without regard to case. */
export function field(body, name) {
  const key = Object.keys(body).find((text) => text.toLowerCase() === name.toLowerCase());
  const value = key === undefined ? '' : body[key];
  return typeof value === 'string' ? value : '';
}

/** A new secret as an original makes them: 40 bits. */
export function newSecret() {
  return Array.from(randomBytes(8), (octet) => ALPHABET[octet & 31]).join('');
}

/** The far end of a connection as Go prints it: IPv4 as such, IPv6 in brackets. */
export function seen({ remoteAddress = '', remotePort = 0 }) {
  const ip = remoteAddress.replace(/^::ffff:(?=[\d.]+$)/, '');
  return ip.includes(':') ? `[${ip}]:${remotePort}` : `${ip}:${remotePort}`;
}

/** The text that comes most often, the earliest of several; undefined of none. */
export function mostFrequent(texts) {
  const counts = new Map();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  const [first] = [...counts].sort(([, a], [, b]) => b - a);
  return first?.[0];
}
