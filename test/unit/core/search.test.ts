/** What a node does about searches on its LAN: the maker of a live invite answers, once. */
import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../../src/base/bytes.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { instant, millis, minutes, wallTime } from '../../../src/base/time.ts';
import { DEFAULTS, SEARCHES_MAX } from '../../../src/core/config.ts';
import { EMPTY_BOOK } from '../../../src/core/documents.ts';
import { foundCluster } from '../../../src/core/founding.ts';
import type { Effect, Input } from '../../../src/core/io.ts';
import { Node } from '../../../src/core/node.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { checkSearch, decodeSearch, encodeSearch } from '../../../src/wire/search.ts';
import { decodeToken, inviteKeyOf } from '../../../src/wire/token.ts';
import { at } from '../wire/samples.ts';
import { identityOf, named } from './acts.ts';

const JOINER = at('192.0.2.9:40001');
const random = new SeededRandom(7);

/** A node alone, at the prompt of a test that says what time it is. */
class Lone {
  readonly #node: Node;
  #now = 0;

  constructor() {
    const identity = identityOf('attic');
    const names = { clusterName: 'home', nodeName: named('attic'), nonce: random.bytes(16) };
    const cluster = foundCluster(nodeSuite, identity, names);
    const parts = { suite: nodeSuite, identity, cluster, book: EMPTY_BOOK, settings: DEFAULTS };
    this.#node = new Node({ ...parts, seed: random.bytes(32) });
    this.give({ type: 'start' });
  }

  give(input: Input, after = 1): readonly Effect[] {
    this.#now += after;
    const [now, wall] = [instant(this.#now), wallTime(1_000_000 + this.#now)];
    return this.#node.step({ now, wall, late: millis(0), entropy: random.bytes(32) }, input);
  }

  /** The public key of a new invite without addresses, good for a quarter of an hour. */
  invite(): Bytes {
    const command = { type: 'invite', at: [], uses: 1, expires: minutes(15) } as const;
    const effects = this.give({ type: 'command', id: 1, command });
    const ticket = effects.find(({ type }) => type === 'save');
    if (ticket?.type !== 'save') throw new Error('the invite was not saved');
    const answered = this.give({ type: 'saved', ticket: ticket.ticket });
    const answer = answered.find(({ type }) => type === 'answer');
    if (answer?.type !== 'answer' || answer.reply.type !== 'invited') throw new Error('no invite');
    expect(answer.reply.at).toEqual([]);
    const token = decodeToken(nodeSuite, answer.reply.token);
    if (typeof token === 'string') throw new Error(token);
    return inviteKeyOf(nodeSuite, token.secret).public;
  }

  /** What it sends when this comes in from its LAN. */
  sends(bytes: Bytes, after = 1): readonly Effect[] {
    const effects = this.give({ type: 'beacon', from: JOINER, bytes }, after);
    return effects.filter(({ type }) => type === 'send' || type === 'beacon');
  }

  counter(name: string): number | undefined {
    return this.#node.status(instant(this.#now), wallTime(0)).counters[name];
  }
}

function question(key: Bytes): Bytes {
  return encodeSearch(nodeSuite, 'search', key, random.bytes(10));
}

describe('a search on the LAN', () => {
  it('is answered by the invite’s maker, from its main socket, no longer than it was', () => {
    const attic = new Lone();
    const key = attic.invite();
    const asked = question(key);
    const [sent, ...more] = attic.sends(asked);
    expect(more).toEqual([]);
    if (sent?.type !== 'send') throw new Error('no answer');
    expect(sent).toMatchObject({ socket: 0, to: JOINER });
    expect(sent.bytes.length).toBe(asked.length);
    const here = decodeSearch(sent.bytes);
    expect(here).toMatchObject({ type: 'here', nonce: decodeSearch(asked)?.nonce });
    expect(here !== undefined && checkSearch(nodeSuite, key, here)).toBe(true);
  });

  it('that was answered is not answered again', () => {
    const attic = new Lone();
    const asked = question(attic.invite());
    expect(attic.sends(asked)).toHaveLength(1);
    expect(attic.sends(asked)).toEqual([]);
    expect(attic.sends(asked)).toEqual([]);
    expect(attic.counter('search-refused')).toBe(2);
  });

  it('for an invite that expired is not answered', () => {
    const attic = new Lone();
    const key = attic.invite();
    expect(attic.sends(question(key), 14 * 60_000)).toHaveLength(1);
    expect(attic.sends(question(key), 2 * 60_000)).toEqual([]);
  });

  it('by a stranger, or with an answer for a question, is met with silence', () => {
    const attic = new Lone();
    const key = attic.invite();
    const stranger = inviteKeyOf(nodeSuite, random.bytes(16)).public;
    expect(attic.sends(question(stranger))).toEqual([]);
    expect(attic.sends(encodeSearch(nodeSuite, 'here', key, random.bytes(10)))).toEqual([]);
    const noise = [new Uint8Array(0), random.bytes(27), random.bytes(129), random.bytes(1300)];
    for (const bytes of noise) expect(attic.sends(bytes)).toEqual([]);
    expect(attic.counter('beacon-malformed')).toBe(1 + noise.length);
  });

  it('is answered 1,024 times an invite at the most', () => {
    const attic = new Lone();
    const key = attic.invite();
    const other = attic.invite();
    for (let count = 0; count < SEARCHES_MAX; count += 1) {
      expect(attic.sends(question(key))).toHaveLength(1);
    }
    expect(attic.sends(question(key))).toEqual([]);
    expect(attic.sends(question(other))).toHaveLength(1);
  });
});
