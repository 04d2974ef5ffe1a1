import { describe, expect, it } from 'vitest';
import {
  CREDENTIAL_MAX,
  readUsers,
  Users,
  USERS_MAX,
  type StoredUser,
} from '../../../../src/runtime/v1/users.ts';
import { userErrorOf } from '../../../real/waiting.ts';

/** Users that nobody can log in as, and that cost no hash. */
function many(count: number): readonly StoredUser[] {
  const [salt, hash] = ['00'.repeat(16), '00'.repeat(32)];
  return Array.from({ length: count }, (_, index) => ({
    ...{ name: `user${String(index)}`, salt, hash },
    cost: [2 ** 14, 8, 5] as const,
  }));
}

describe('a user', () => {
  it('is let in with the right password alone', async () => {
    const users = new Users([]);
    await users.add('home', 'right');
    expect(await users.check('home', 'right')).toBe('home');
    expect(await users.check('home', 'wrong')).toBeUndefined();
    expect(await users.check('nobody', 'right')).toBeUndefined();
  });

  it('added again has the new password alone', async () => {
    const users = new Users([]);
    await users.add('home', 'first');
    await users.add('home', 'second');
    expect(users.names).toEqual(['home']);
    expect(await users.check('home', 'first')).toBeUndefined();
    expect(await users.check('home', 'second')).toBe('home');
  });

  it('is stored as a salted hash, of which the password is no part', async () => {
    const users = new Users([]);
    await users.add('home', 'a long password');
    await users.add('other', 'a long password');
    const [first, second] = users.stored;
    expect(first?.hash).not.toBe(second?.hash);
    expect(JSON.stringify(users.stored)).not.toContain('password');
    const again = new Users(readUsers(JSON.parse(JSON.stringify(users.stored))) ?? []);
    expect(await again.check('home', 'a long password')).toBe('home');
  });

  it('removed is not let in any more, and can be removed once', async () => {
    const users = new Users([]);
    await users.add('home', 'right');
    users.remove('home');
    expect(await users.check('home', 'right')).toBeUndefined();
    expect(() => {
      users.remove('home');
    }).toThrow('No user is called');
  });

  it('has a name and a password of printable characters, neither empty nor too long', async () => {
    const users = new Users([]);
    const long = 'x'.repeat(CREDENTIAL_MAX);
    for (const [name, password] of [
      ['', 'p'],
      ['n', ''],
      [`${long}x`, 'p'],
      ['n', `${long}x`],
      ['n\n', 'p'],
    ] as const) {
      expect((await userErrorOf(users.add(name, password))).code).toBe('v1-user-invalid');
    }
    await users.add(long, long);
    expect(await users.check(long, long)).toBe(long);
  });

  it('is the last of so many; one more is refused', async () => {
    const users = new Users(many(USERS_MAX - 1));
    await users.add('last', 'p');
    expect((await userErrorOf(users.add('more', 'p'))).code).toBe('v1-users-too-many');
    await users.add('last', 'another password');
  });
});

describe('a stored list of users', () => {
  it.each([
    ['no list', {}],
    ['an entry that is none', [null]],
    ['a hash of another size', [{ ...many(1)[0], hash: '00' }]],
    ['a cost that would take the machine down', [{ ...many(1)[0], cost: [2 ** 30, 8, 1] }]],
    ['too many', many(USERS_MAX + 1)],
  ])('is refused: %s', (_what, value) => {
    expect(readUsers(value)).toBeUndefined();
  });
});
