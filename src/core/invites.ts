/**
 * The invites this node made: which are alive, which tags were seen, what a redemption is worth.
 */

import { assert } from '../base/assert.ts';
import { toHex, type Bytes } from '../base/bytes.ts';
import { UserError } from '../base/errors.ts';
import { millis, type Duration, type WallTime } from '../base/time.ts';
import type { Suite } from '../crypto/suite.ts';
import { checkSearch, type Search } from '../wire/search.ts';
import { checkKnock, inviteKeyOf } from '../wire/token.ts';
import { INVITES_MAX, KNOCKS_MAX, SEARCHES_MAX } from './config.ts';
import type { StoredInvite } from './documents.ts';

interface Invite extends StoredInvite {
  readonly key: Bytes;
  /** Tags that were seen, in hexadecimal: a recorded ClientHello opens nothing twice. */
  readonly knocks: Set<string>;
  /** Nonces of searches that were answered: a recorded one draws nothing. */
  readonly searches: Set<string>;
}

/** What becomes of a request to redeem an invite. */
export type InviteVerdict = 'ok' | 'spent' | 'expired' | 'unknown-invite';

/** What `status` shows of an invite. */
export interface LiveInvite {
  readonly usesLeft: number;
  readonly expiresIn: Duration;
}

/**
 * The invites that this node made, on the side that holds their secrets (PROTOCOL §9). How often
 * each was redeemed is told by the acts, not counted here: acts survive what memory does not.
 */
export class Invites {
  readonly #suite: Suite;
  /** By key in hexadecimal, oldest first. */
  readonly #invites = new Map<string, Invite>();

  constructor(suite: Suite, stored: readonly StoredInvite[]) {
    this.#suite = suite;
    for (const invite of stored.slice(-INVITES_MAX)) this.#keep(invite);
  }

  /** True when another invite would be one too many; {@link prune} may make room. */
  get full(): boolean {
    return this.#invites.size >= INVITES_MAX;
  }

  /**
   * A new invite of this secret (16 unpredictable octets); its public key goes into an act. Throws
   * a `UserError` `too-many-invites` when {@link full}.
   */
  make(secret: Bytes, uses: number, expires: WallTime): { readonly key: Bytes } {
    assert(Number.isInteger(uses) && uses >= 1 && uses <= 65_535, 'an invite has 1–65,535 uses');
    if (this.full) {
      throw new UserError(
        'too-many-invites',
        `This node has ${String(INVITES_MAX)} invites that did not expire yet.`,
        'Let one invite serve several machines (--uses), or make shorter ones (--expires).',
      );
    }
    return { key: this.#keep({ secret, uses, expires }).key };
  }

  /**
   * True when a TCP client showed that it holds a live invite, by a tag not seen before: only then
   * may its TLS handshake go on (B6). A spent invite still opens the door, so that a joiner whose
   * connection broke can ask again, and another one learns why it is refused.
   */
  knock(tag: Bytes | undefined, wall: WallTime): boolean {
    if (tag === undefined) return false;
    for (const invite of this.#invites.values()) {
      if (invite.expires <= wall || !checkKnock(this.#suite, invite.key, tag)) continue;
      const seen = toHex(tag);
      if (invite.knocks.has(seen) || invite.knocks.size >= KNOCKS_MAX) return false;
      invite.knocks.add(seen);
      return true;
    }
    return false;
  }

  /**
   * The public key of the live invite that somebody on the LAN seeks the maker of, when that search
   * was not answered before. A spent invite answers too, as it does to {@link knock}.
   */
  sought(search: Search, wall: WallTime): Bytes | undefined {
    const nonce = toHex(search.nonce);
    for (const { key, expires, searches } of this.#invites.values()) {
      if (expires <= wall || !checkSearch(this.#suite, key, search)) continue;
      if (searches.has(nonce) || searches.size >= SEARCHES_MAX) return undefined;
      searches.add(nonce);
      return key;
    }
    return undefined;
  }

  /** Whether this invite, redeemed so often by now, admits one more. */
  judge(inviteKey: Bytes, redeemed: number, wall: WallTime): InviteVerdict {
    const invite = this.#invites.get(toHex(inviteKey));
    if (invite === undefined) return 'unknown-invite';
    if (redeemed >= invite.uses) return 'spent';
    return invite.expires <= wall ? 'expired' : 'ok';
  }

  /** Invites that can still be redeemed, oldest first. */
  live(wall: WallTime, redeemed: (key: Bytes) => number): readonly LiveInvite[] {
    return [...this.#invites.values()]
      .map(({ key, uses, expires }) => ({
        usesLeft: uses - redeemed(key),
        expiresIn: millis(expires - wall),
      }))
      .filter(({ usesLeft, expiresIn }) => usesLeft > 0 && expiresIn > 0);
  }

  /** What goes to disk. */
  stored(): readonly StoredInvite[] {
    return [...this.#invites.values()].map(({ secret, uses, expires }) => ({
      secret,
      uses,
      expires,
    }));
  }

  /**
   * Forgets what expired; when that leaves no room and `redeemed` is given, spent ones as well.
   * True when something is gone, and the document should be saved.
   */
  prune(wall: WallTime, redeemed?: (key: Bytes) => number): boolean {
    const before = this.#invites.size;
    for (const [name, { expires }] of this.#invites) {
      if (expires <= wall) this.#invites.delete(name);
    }
    for (const [name, { key, uses }] of this.#invites) {
      if (this.full && redeemed !== undefined && redeemed(key) >= uses) this.#invites.delete(name);
    }
    return this.#invites.size < before;
  }

  #keep(stored: StoredInvite): Invite {
    const { public: key } = inviteKeyOf(this.#suite, stored.secret);
    const invite = { ...stored, key, knocks: new Set<string>(), searches: new Set<string>() };
    this.#invites.set(toHex(key), invite);
    return invite;
  }
}
