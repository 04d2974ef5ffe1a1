/** Who may register with this node: names with hashes of passwords, as a value to be stored. */

import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { UserError } from '../../base/errors.ts';

/** One user. */
export interface StoredUser {
  readonly name: string;
  /** Octets in hexadecimal. */
  readonly salt: string;
  readonly hash: string;
  /** scrypt's cost, block size and parallelisation (RFC 7914 §2). */
  readonly cost: readonly [n: number, r: number, p: number];
}

/**
 * 16 MiB and a fifth of a second on a PC, one of the settings that OWASP's Password Storage Cheat
 * Sheet holds for equal to scrypt's usual 128 MiB; a Raspberry Pi has not so much to spare.
 */
const COST: StoredUser['cost'] = [2 ** 14, 8, 5];
/** A file may ask for no more than this. */
const COST_MAX: StoredUser['cost'] = [2 ** 17, 16, 16];
const SALT_SIZE = 16;
const HASH_SIZE = 32;
/** Hashes made at a time: Node's four threads have the disk to serve as well. */
const AT_ONCE = 2;

/** Users of one node; the peers of a cluster, ten times over. */
export const USERS_MAX = 1_024;
/** Characters of a name and of a password. */
export const CREDENTIAL_MAX = 256;

/** The users of one node. */
export class Users {
  readonly #users: Map<string, StoredUser>;
  readonly #lanes = Array.from({ length: AT_ONCE }, () => Promise.resolve());
  #turn = 0;

  constructor(users: readonly StoredUser[]) {
    this.#users = new Map(users.map((user) => [user.name, user]));
  }

  /** All names, in order. */
  get names(): readonly string[] {
    return [...this.#users.keys()].sort();
  }

  /** To be stored. */
  get stored(): readonly StoredUser[] {
    return [...this.#users.values()];
  }

  /** Adds a user, or gives one another password. Throws `UserError` v1-user-… */
  async add(name: string, password: string): Promise<void> {
    checkCredential('name', name);
    checkCredential('password', password);
    if (!this.#users.has(name) && this.#users.size >= USERS_MAX) {
      const message = `There are ${String(USERS_MAX)} users, which is all there can be.`;
      throw new UserError('v1-users-too-many', message, 'Remove one first.');
    }
    const salt = randomBytes(SALT_SIZE);
    const hash = await this.#hash(password, salt, COST);
    const user = { name, salt: salt.toString('hex'), hash: hash.toString('hex'), cost: COST };
    this.#users.set(name, user);
  }

  /** Removes a user; throws `UserError` v1-user-unknown. */
  remove(name: string): void {
    if (this.#users.delete(name)) return;
    throw new UserError(
      'v1-user-unknown',
      `No user is called ${JSON.stringify(name.slice(0, CREDENTIAL_MAX))}.`,
      '`flotilla v1 user list` lists them all.',
    );
  }

  /** The user, when the password is right. An unknown name takes as long as a wrong password. */
  async check(name: string, password: string): Promise<string | undefined> {
    const user = this.#users.get(name);
    const salt = user === undefined ? Buffer.alloc(SALT_SIZE) : Buffer.from(user.salt, 'hex');
    const hash = await this.#hash(password, salt, user?.cost ?? COST);
    if (user === undefined) return undefined;
    return timingSafeEqual(hash, Buffer.from(user.hash, 'hex')) ? user.name : undefined;
  }

  #hash(password: string, salt: Buffer, [N, r, p]: StoredUser['cost']): Promise<Buffer> {
    const lane = this.#turn;
    this.#turn = (lane + 1) % AT_ONCE;
    const hashed = (this.#lanes[lane] ?? Promise.resolve()).then(
      () =>
        new Promise<Buffer>((settle, fail) => {
          // Node's bound counts a little more than the 128·N·r octets of the RFC.
          scrypt(password, salt, HASH_SIZE, { N, r, p, maxmem: 256 * N * r }, (error, key) => {
            if (error === null) settle(key);
            else fail(error);
          });
        }),
    );
    this.#lanes[lane] = hashed.then(
      () => undefined,
      () => undefined,
    );
    return hashed;
  }
}

/** The users in a stored value; undefined when it is none. */
export function readUsers(body: unknown): readonly StoredUser[] | undefined {
  if (!Array.isArray(body) || body.length > USERS_MAX) return undefined;
  return (body as readonly unknown[]).every(isUser) ? (body as readonly StoredUser[]) : undefined;
}

function isUser(value: unknown): value is StoredUser {
  if (typeof value !== 'object' || value === null) return false;
  const { name, salt, hash, cost } = value as Record<string, unknown>;
  return (
    isCredential(name) &&
    isHex(salt, SALT_SIZE) &&
    isHex(hash, HASH_SIZE) &&
    Array.isArray(cost) &&
    cost.length === COST.length &&
    cost.every((one, index) => Number.isInteger(one) && one > 0 && one <= (COST_MAX[index] ?? 0))
  );
}

function isHex(value: unknown, size: number): boolean {
  return typeof value === 'string' && value.length === 2 * size && /^[0-9a-f]+$/.test(value);
}

function isCredential(text: unknown): text is string {
  if (typeof text !== 'string' || text === '' || text.length > CREDENTIAL_MAX) return false;
  return !/\p{Cc}/u.test(text);
}

/** The text itself stays out of the message: it may be a password typed in the wrong place. */
function checkCredential(what: 'name' | 'password', text: string): void {
  if (isCredential(text)) return;
  throw new UserError(
    'v1-user-invalid',
    `A user's ${what} must be 1 to ${String(CREDENTIAL_MAX)} characters that can be printed.`,
    '',
  );
}
