/**
 * Requests and answers of the original's protocol as texts. What is sent is written byte for byte
 * as an original does (Go's `encoding/json`); what comes is read as liberally as an original reads.
 */

import { parseAddress, parseIp } from '../base/address.ts';
import { readSecret } from '../crypto/totp.ts';
import { BODY_MAX, CREDENTIAL_MAX, NAME_MAX, PATH_MAX } from './config.ts';
import type { Login, Operation } from './contact.ts';

/** Answers that are the same each time. */
export const ANSWERS = {
  badRequest: '400 - Bad Request',
  wrongLogin: 'Incorrect username or password',
  noSecret: 'node TOTP not registered',
  notListed: 'node UUID not registered',
  wrongCode: '400 - Invalid TOTP',
  unknownNode: '500 - Node not register on this host',
  // The two below are ours: an original has no such bounds.
  full: '503 - Too many nodes',
  busy: '503 - Try again later',
} as const;

/** A request, understood. Fields that were missing are empty, as in the original. */
export type Request =
  | { readonly type: 'connect'; readonly name: string; readonly login: Login }
  | { readonly type: 'heartbeat'; readonly name: string; readonly code: string }
  | { readonly type: 'sync'; readonly name: string; readonly code: string; readonly lost: string }
  | { readonly type: 'malformed'; readonly why: string };

/** Reads a request by its operation (`?opr=`) and body. Never throws. */
export function readRequest(operation: string | undefined, body: string): Request {
  if (operation !== 'c' && operation !== 'h' && operation !== 's') {
    return { type: 'malformed', why: ANSWERS.badRequest };
  }
  const names = FIELDS[operation];
  const fields = readFields(body, names);
  if (typeof fields === 'string') return { type: 'malformed', why: fields };
  const [name = '', second = '', third = ''] = names.map((field) => fields.get(field) ?? '');
  if (operation === 'h') return { type: 'heartbeat', name, code: second };
  if (operation === 's') return { type: 'sync', name, code: second, lost: third };
  return { type: 'connect', name, login: { username: second, password: third } };
}

/** The fields of each operation that count, the caller's name first. */
const FIELDS: Readonly<Record<Operation, readonly string[]>> = {
  c: ['NodeUUID', 'Username', 'Password'],
  h: ['NodeUUID', 'TOTP', 'IPADDR'],
  s: ['NodeUUID', 'TOTP', 'LostUUID'],
};

/** The named text fields of a JSON object, or what is wrong with it. */
function readFields(body: string, names: readonly string[]): Map<string, string> | string {
  if (body.length > BODY_MAX) return 'too long';
  const fields = new Map<string, string>();
  const json = readJson(body);
  if (typeof json === 'string') return json;
  // `null` leaves all fields empty, in the original too.
  if (json.value === null) return fields;
  if (typeof json.value !== 'object' || Array.isArray(json.value)) {
    return `json: cannot unmarshal ${kindOf(json.value)} into an object`;
  }
  for (const [key, value] of Object.entries(json.value) as [string, unknown][]) {
    const name = names.find((one) => one.toLowerCase() === key.toLowerCase());
    if (name === undefined || value === null) continue;
    if (typeof value !== 'string') {
      return `json: cannot unmarshal ${kindOf(value)} into field ${name} of type string`;
    }
    fields.set(name, value);
  }
  return fields;
}

/** A JSON value, or words of our own: those of the engine quote the body, secrets too. */
function readJson(text: string): { readonly value: unknown } | string {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    const first = text.trimStart().charAt(0);
    if (first === '') return 'unexpected end of JSON input';
    if (/[[{"0-9tfn-]/.test(first)) return 'invalid character or end in JSON input';
    return `invalid character '${first}' looking for beginning of value`;
  }
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'array' : typeof value;
}

/** The body of a connect. */
export function writeConnect(name: string, login: Login): string {
  return writeObject([
    ['NodeUUID', name],
    ['Password', login.password],
    ['Username', login.username],
  ]);
}

/** The body of a heartbeat; `own` is this node's idea of its IP address, if it has one. */
export function writeHeartbeat(name: string, code: string, own: string | undefined): string {
  return writeObject([
    ['IPADDR', own ?? '<nil>'],
    ['NodeUUID', name],
    ['TOTP', code],
  ]);
}

/** The body of a sync about a lost node. */
export function writeSync(name: string, code: string, lost: string): string {
  return writeObject([
    ['LostUUID', lost],
    ['NodeUUID', name],
    ['TOTP', code],
  ]);
}

/** The answer to a good connect; `reflection` is the caller's `IP:PORT`. */
export function writeConnected(secret: string, reflection: string): string {
  return writeObject([
    ['TOTPSecret', secret],
    ['ReflectionIP', reflection],
  ]);
}

/** What a good connect was answered with. */
export interface Connected {
  readonly secret: string;
  /** Where the peer sees this node; undefined: it did not say, or not so that it can be read. */
  readonly reflected: string | undefined;
}

/** Reads the answer to a connect; undefined when it holds no usable secret. */
export function readConnected(body: string): Connected | undefined {
  const fields = readFields(body, ['TOTPSecret', 'ReflectionIP']);
  if (typeof fields === 'string') return undefined;
  const secret = readSecret(fields.get('TOTPSecret') ?? '');
  if (secret === undefined) return undefined;
  return { secret, reflected: readReflection(fields.get('ReflectionIP') ?? '') };
}

/** The IP address in a heartbeat's or a sync's answer, with or without a port; or undefined. */
export function readReflection(body: string): string | undefined {
  const text = body.trim();
  return (parseAddress(text) ?? parseIp(text))?.ip;
}

/**
 * True for 1–64 characters that all can be seen, with plain spaces between; a name stands in views,
 * logs and URLs.
 */
export function isName(text: string): boolean {
  if (text.length < 1 || text.length > NAME_MAX || text.trim() !== text) return false;
  return !/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u.test(text);
}

/** True for a username and a password that can be somebody's. */
export function isLogin({ username, password }: Login): boolean {
  return (
    username.length >= 1 && username.length <= CREDENTIAL_MAX && password.length <= CREDENTIAL_MAX
  );
}

/** True for an absolute path without query, fragment, spaces and characters beyond ASCII. */
export function isPath(text: string): boolean {
  return text.length <= PATH_MAX && /^\/[!"$-;=@-~]*$/.test(text);
}

/** An object of text fields in the order given, escaped as Go's `encoding/json` does. */
function writeObject(fields: readonly (readonly [string, string])[]): string {
  return `{${fields.map(([name, value]) => `${quote(name)}:${quote(value)}`).join(',')}}`;
}

/** Go escapes what HTML gives a meaning to, and two line ends of JavaScript. */
function quote(text: string): string {
  return JSON.stringify(text.replace(/\p{Cs}/gu, '\ufffd')).replace(/[<>&\u2028\u2029]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
