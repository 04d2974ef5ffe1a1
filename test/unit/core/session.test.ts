import { beforeEach, describe, expect, test, vi } from 'vitest';
import * as octets from '../../../src/base/bytes.ts';
import { toHex, utf8, type Bytes } from '../../../src/base/bytes.ts';
import type { NodeId } from '../../../src/base/id.ts';
import { instant, type Instant } from '../../../src/base/time.ts';
import {
  HELLO_ANSWERS,
  HELLO_BUDGET,
  HELLO_FRESH,
  PROVISIONAL_PER_MEMBER,
  REFUSE_AGE,
  REKEY_AGE,
  REKEY_ANSWERER_EXTRA,
  SESSIONS_PER_MEMBER,
} from '../../../src/core/config.ts';
import { Sessions, type SessionVerdict } from '../../../src/core/session.ts';
import type { Identity } from '../../../src/crypto/identity.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { Unpredictable } from '../../../src/crypto/unpredictable.ts';
import { decodePacket } from '../../../src/wire/packet.ts';
import { found, identityOf } from './acts.ts';
import { freshEntropy } from './fixture.ts';

vi.mock('../../../src/base/bytes.ts', async (original) => {
  const real = await original<typeof octets>();
  return { ...real, equal: vi.fn(real.equal) };
});

const { cluster } = found('attic');
const other = found('attic', 'sea').cluster;
let now: Instant;

/** One side: sessions, and what the test wants to do with them in few words. */
class Side {
  readonly identity: Identity;
  sessions: Sessions;
  readonly source = new Unpredictable(nodeSuite);
  readonly members: readonly Identity[];

  constructor(name: string, ofCluster = cluster) {
    this.identity = identityOf(name);
    this.members = ['attic', 'cellar', 'pi'].map((member) => identityOf(member));
    this.sessions = new Sessions(nodeSuite, this.identity, ofCluster, this.source);
  }

  get id(): NodeId {
    return this.identity.id;
  }

  restart(): void {
    this.sessions = new Sessions(nodeSuite, this.identity, cluster, this.source);
  }

  greet(to: Side): Bytes {
    this.source.refill(freshEntropy());
    const bytes = this.sessions.greet(to.id, to.identity.agreement.public, now);
    if (bytes === undefined) throw new Error('no hello');
    return bytes;
  }

  take(bytes: Bytes): SessionVerdict {
    this.source.refill(freshEntropy());
    const packet = decodePacket(bytes);
    if (typeof packet === 'string') throw new Error(packet);
    return this.sessions.receive(
      packet,
      now,
      (key) => this.members.find(({ agreement }) => toHex(agreement.public) === toHex(key))?.id,
    );
  }

  answer(hello: Bytes): Bytes {
    const verdict = this.take(hello);
    if (verdict.type !== 'reply') throw new Error(`no answer: ${JSON.stringify(verdict)}`);
    return verdict.bytes;
  }

  seal(to: Side, text: string): Bytes {
    const bytes = this.sessions.seal(to.id, utf8(text), now);
    if (bytes === undefined) throw new Error('no session');
    return bytes;
  }
}

let attic: Side;
let cellar: Side;
let pi: Side;

beforeEach(() => {
  now = instant(1_000);
  attic = new Side('attic');
  cellar = new Side('cellar');
  pi = new Side('pi');
});

function pass(ms: number): void {
  now = instant(now + ms);
}

/** attic says hello, cellar answers, attic speaks: both sides are confirmed. */
function agree(from = attic, to = cellar): void {
  from.take(to.answer(from.greet(to)));
  to.take(from.seal(to, 'first'));
}

function opened(peer: Side, text: string): unknown {
  return { type: 'opened', peer: peer.id, message: utf8(text) };
}

function dropped(reason: string): unknown {
  return { type: 'dropped', reason };
}

function flipped(bytes: Bytes, index: number): Bytes {
  const copy = bytes.slice();
  const place = index < 0 ? copy.length + index : index;
  copy[place] = (copy[place] ?? 0) ^ 1;
  return copy;
}

describe('a hello', () => {
  test('is answered with fewer bytes than it has, and the answer establishes a session', () => {
    const hello = attic.greet(cellar);
    const answer = cellar.answer(hello);
    expect([hello.length, answer.length]).toEqual([117, 57]);
    expect(attic.take(answer)).toEqual({ type: 'established', peer: cellar.id });
    expect(attic.sessions.has(cellar.id, now)).toBe(true);
  });

  test('alone gives its receiver nothing to seal under: only a datagram confirms it', () => {
    attic.take(cellar.answer(attic.greet(cellar)));
    expect(cellar.sessions.has(attic.id, now)).toBe(false);
    expect(cellar.sessions.seal(attic.id, utf8('x'), now)).toBeUndefined();
    expect(cellar.take(attic.seal(cellar, 'here'))).toEqual(opened(attic, 'here'));
    expect(attic.take(cellar.seal(attic, 'and here'))).toEqual(opened(cellar, 'and here'));
  });

  test('is the same bytes for eight seconds, then a new one', () => {
    const first = attic.greet(cellar);
    pass(HELLO_FRESH - 1);
    expect(attic.greet(cellar)).toEqual(first);
    pass(1);
    expect(attic.greet(cellar)).not.toEqual(first);
  });

  test('that was answered is not repeated: the next one is new', () => {
    const first = attic.greet(cellar);
    attic.take(cellar.answer(first));
    expect(attic.greet(cellar)).not.toEqual(first);
  });

  test('repeated draws the same answer sixteen times in all and makes one session', () => {
    const hello = attic.greet(cellar);
    const answers = Array.from({ length: HELLO_ANSWERS }, () => toHex(cellar.answer(hello)));
    expect(new Set(answers).size).toBe(1);
    expect(cellar.take(hello)).toEqual(dropped('hello-repeated'));
  });

  test('repeated after its session was confirmed still makes no second one', () => {
    const hello = attic.greet(cellar);
    const answer = cellar.answer(hello);
    attic.take(answer);
    cellar.take(attic.seal(cellar, 'first'));
    expect(cellar.answer(hello)).toEqual(answer);
    expect(cellar.take(attic.seal(cellar, 'second'))).toEqual(opened(attic, 'second'));
  });

  test('answered late, after a second one was said, still counts', () => {
    const slow = attic.greet(cellar);
    pass(HELLO_FRESH);
    attic.greet(cellar);
    expect(attic.take(cellar.answer(slow)).type).toBe('established');
  });

  test('of which two newer ones were said meanwhile is given up', () => {
    const oldest = attic.greet(cellar);
    for (let count = 0; count < 2; count += 1) {
      pass(HELLO_FRESH);
      attic.greet(cellar);
    }
    expect(attic.take(cellar.answer(oldest))).toEqual(dropped('answer-unexpected'));
  });

  test('for another node, of another cluster or altered anywhere is dropped in silence', () => {
    expect(pi.take(attic.greet(cellar))).toEqual(dropped('hello-mac'));
    const foreign = new Side('attic', other).greet(cellar);
    // The MAC is the receiver's, so the stranger is found out by the prologue.
    expect(cellar.take(foreign)).toEqual(dropped('hello-unopened'));
    const hello = attic.greet(cellar);
    for (const index of [1, 5, 36, 37, 84, 85, 100, 101, -1]) {
      expect(cellar.take(flipped(hello, index))).toEqual(dropped('hello-mac'));
    }
  });

  test('of somebody who is no member, or of oneself, is dropped', () => {
    expect(cellar.take(new Side('stranger').greet(cellar))).toEqual(dropped('hello-stranger'));
    expect(cellar.take(new Side('cellar').greet(cellar))).toEqual(dropped('hello-stranger'));
  });

  test('cannot be said to a key that is no point of the curve', () => {
    attic.source.refill(freshEntropy());
    expect(attic.sessions.greet(cellar.id, new Uint8Array(32), now)).toBeUndefined();
  });
});

describe('hellos in number', () => {
  /** Different hellos to cellar, each from a fresh start of attic. */
  function hellos(count: number): Bytes[] {
    return Array.from({ length: count }, () => {
      attic.restart();
      return attic.greet(cellar);
    });
  }

  test('are opened 200 at once, then 200 a second', () => {
    const many = hellos(HELLO_BUDGET + 3);
    const verdicts = many.map((hello) => cellar.take(hello));
    expect(verdicts.slice(0, HELLO_BUDGET).every(({ type }) => type === 'reply')).toBe(true);
    expect(verdicts.slice(HELLO_BUDGET)).toEqual(Array(3).fill(dropped('hello-budget')));
    pass(10);
    const [one, two, three] = hellos(3).map((hello) => cellar.take(hello));
    expect([one?.type, two?.type]).toEqual(['reply', 'reply']);
    expect(three).toEqual(dropped('hello-budget'));
  });

  test('with a wrong MAC or seen before cost nothing of the budget', () => {
    const hello = attic.greet(cellar);
    cellar.take(hello);
    for (let count = 0; count < 2 * HELLO_BUDGET; count += 1) {
      cellar.take(flipped(hello, -1));
      cellar.take(hello);
    }
    expect(cellar.take(hellos(1)[0] ?? hello).type).toBe('reply');
  });

  test('are each looked up, not compared with every session that is held', () => {
    const [warm = new Uint8Array(0), first = warm, ...more] = hellos(6);
    /** How often octets are compared when this arrives, and when it arrives again. */
    const compared = (hello: Bytes): number => {
      vi.mocked(octets.equal).mockClear();
      cellar.take(hello);
      cellar.take(hello);
      return vi.mocked(octets.equal).mock.calls.length;
    };
    // The suite keeps the last key that it imported.
    compared(warm);
    const alone = compared(first);
    expect(more.map(compared)).toEqual(more.map(() => alone));
  });

  test('seen before are forgotten with the session that they made', () => {
    const [oldest = new Uint8Array(0), ...newer] = hellos(PROVISIONAL_PER_MEMBER + 1);
    const first = cellar.answer(oldest);
    for (const hello of newer) cellar.take(hello);
    expect(cellar.answer(oldest)).not.toEqual(first);
    const again = cellar.answer(oldest);
    cellar.sessions.forget(attic.id);
    expect(cellar.answer(oldest)).not.toEqual(again);
    const last = cellar.answer(oldest);
    cellar.sessions.forgetAll();
    expect(cellar.answer(oldest)).not.toEqual(last);
  });

  test('leave four provisional sessions a member: confirmed ones never give way', () => {
    agree();
    const said = cellar.seal(attic, 'under the confirmed session');
    const copy = new Side('attic');
    const answers = Array.from({ length: PROVISIONAL_PER_MEMBER + 1 }, () => {
      copy.restart();
      const hello = copy.greet(cellar);
      const { sessions } = copy;
      return { sessions, answer: cellar.answer(hello) };
    });
    const confirms = answers.map(({ sessions, answer }) => {
      copy.sessions = sessions;
      copy.take(answer);
      return cellar.take(copy.seal(cellar, 'first'));
    });
    expect(confirms[0]).toEqual(dropped('session-unknown'));
    expect(confirms.slice(1).every(({ type }) => type === 'opened')).toBe(true);
    expect(attic.take(said)).toEqual(opened(cellar, 'under the confirmed session'));
  });
});

describe('hellos that cross', () => {
  test('make two sessions, and all that is said under either opens', () => {
    const mine = attic.greet(cellar);
    const yours = cellar.greet(attic);
    attic.take(cellar.answer(mine));
    cellar.take(attic.answer(yours));
    const fromAttic = attic.seal(cellar, 'a');
    const fromCellar = cellar.seal(attic, 'b');
    expect(cellar.take(fromAttic)).toEqual(opened(attic, 'a'));
    expect(attic.take(fromCellar)).toEqual(opened(cellar, 'b'));
    expect(cellar.take(attic.seal(cellar, 'c'))).toEqual(opened(attic, 'c'));
    expect(attic.take(cellar.seal(attic, 'd'))).toEqual(opened(cellar, 'd'));
  });
});

describe('an answer', () => {
  test('altered anywhere, or to nobody’s hello, establishes nothing', () => {
    const answer = cellar.answer(attic.greet(cellar));
    for (const index of [9, 40, 41, -1]) {
      expect(attic.take(flipped(answer, index))).toEqual(dropped('answer-unopened'));
    }
    expect(attic.take(flipped(answer, 5))).toEqual(dropped('answer-unexpected'));
    expect(attic.sessions.has(cellar.id, now)).toBe(false);
    expect(attic.take(answer).type).toBe('established');
  });

  test('establishes once', () => {
    const answer = cellar.answer(attic.greet(cellar));
    attic.take(answer);
    expect(attic.take(answer)).toEqual(dropped('answer-unexpected'));
  });
});

describe('a session datagram', () => {
  beforeEach(() => {
    agree();
  });

  test('opens once: a replay is dropped while the session lives', () => {
    const said = attic.seal(cellar, 'once');
    expect(cellar.take(said)).toEqual(opened(attic, 'once'));
    expect(cellar.take(said)).toEqual(dropped('session-replayed'));
  });

  test('altered anywhere does not open and uses up no counter', () => {
    const said = attic.seal(cellar, 'genuine');
    expect(cellar.take(flipped(said, -1))).toEqual(dropped('session-unopened'));
    expect(cellar.take(flipped(said, 9))).toEqual(dropped('session-unopened'));
    expect(cellar.take(flipped(said, 7))).toEqual(dropped('session-unopened'));
    expect(cellar.take(flipped(said, 1))).toEqual(dropped('session-unknown'));
    expect(cellar.take(said)).toEqual(opened(attic, 'genuine'));
  });

  test('opens nowhere after its receiver restarted, nor after its sender did', () => {
    const before = attic.seal(cellar, 'before');
    cellar.restart();
    expect(cellar.take(before)).toEqual(dropped('session-unknown'));
    attic.restart();
    agree();
    expect(cellar.take(before).type).toBe('dropped');
  });

  test('of before opens nowhere when both restarted at once and everything is replayed', () => {
    const hello = attic.greet(cellar);
    const recorded = [
      hello,
      cellar.answer(hello),
      attic.seal(cellar, 'a'),
      cellar.seal(attic, 'b'),
    ];
    attic.restart();
    cellar.restart();
    for (const bytes of recorded) {
      expect(attic.take(bytes).type).toBe('dropped');
      expect(['dropped', 'reply']).toContain(cellar.take(bytes).type);
    }
    // The replayed hello was answered, and nobody can confirm what it made.
    expect(cellar.sessions.has(attic.id, now)).toBe(false);
  });

  test('of both ways is never the same bytes, whatever is said twice', () => {
    const all = [1, 2, 3].map(() => toHex(attic.seal(cellar, 'same')));
    expect(new Set(all).size).toBe(3);
  });
});

describe('the keys of a member', () => {
  test('are the three newest: a fourth session pushes the oldest out', () => {
    const old: Bytes[] = [];
    for (let count = 0; count <= SESSIONS_PER_MEMBER; count += 1) {
      agree();
      old.push(attic.seal(cellar, String(count)));
      pass(HELLO_FRESH);
    }
    expect(old.map((said) => cellar.take(said).type)).toEqual([
      'dropped',
      'opened',
      'opened',
      'opened',
    ]);
  });

  test('are wanted anew after two hours, 15 minutes later by who answered', () => {
    expect(attic.sessions.wantsHello(cellar.id, now)).toBe(true);
    agree();
    expect(attic.sessions.wantsHello(cellar.id, now)).toBe(false);
    pass(REKEY_AGE);
    expect(attic.sessions.wantsHello(cellar.id, now)).toBe(false);
    pass(1);
    expect(attic.sessions.wantsHello(cellar.id, now)).toBe(true);
    expect(cellar.sessions.wantsHello(attic.id, now)).toBe(false);
    pass(REKEY_ANSWERER_EXTRA);
    expect(cellar.sessions.wantsHello(attic.id, now)).toBe(true);
    expect(attic.sessions.has(cellar.id, now)).toBe(true);
  });

  test('are refused after six hours, to seal with and to open with', () => {
    agree();
    const said = attic.seal(cellar, 'old');
    pass(REFUSE_AGE);
    expect(attic.sessions.has(cellar.id, now)).toBe(true);
    pass(1);
    expect(attic.sessions.has(cellar.id, now)).toBe(false);
    expect(attic.sessions.seal(cellar.id, utf8('x'), now)).toBeUndefined();
    expect(cellar.take(said)).toEqual(dropped('session-expired'));
  });

  test('seal under the session that was confirmed last', () => {
    agree();
    pass(HELLO_FRESH);
    attic.take(cellar.answer(attic.greet(cellar)));
    // Not confirmed at cellar yet: it goes on in the old one, which attic still opens.
    expect(attic.take(cellar.seal(attic, 'old'))).toEqual(opened(cellar, 'old'));
    cellar.take(attic.seal(cellar, 'new'));
    attic.sessions.forget(pi.id);
    expect(attic.take(cellar.seal(attic, 'new'))).toEqual(opened(cellar, 'new'));
  });

  test('are gone when it left: nothing opens, nothing is sealed', () => {
    agree();
    const said = cellar.seal(attic, 'after');
    const hello = attic.greet(cellar);
    attic.sessions.forget(cellar.id);
    expect(attic.sessions.has(cellar.id, now)).toBe(false);
    expect(attic.take(said)).toEqual(dropped('session-unknown'));
    expect(attic.take(cellar.answer(hello))).toEqual(dropped('answer-unexpected'));
  });

  test('of all members are dropped at once after a jump of the clock', () => {
    agree(attic, cellar);
    agree(attic, pi);
    attic.sessions.forgetAll();
    expect(attic.sessions.has(cellar.id, now)).toBe(false);
    expect(attic.sessions.has(pi.id, now)).toBe(false);
    agree(attic, cellar);
    expect(attic.sessions.has(cellar.id, now)).toBe(true);
  });
});

test('an index is unique among those in use, also when chance gives the same again', () => {
  /** Chance that repeats itself: every step is given the same entropy. */
  const same = new Uint8Array(32);
  const greet = (to: Side): Bytes => {
    attic.source.refill(same);
    const bytes = attic.sessions.greet(to.id, to.identity.agreement.public, now);
    if (bytes === undefined) throw new Error('no hello');
    return bytes;
  };
  const indexOf = (bytes: Bytes): string => toHex(bytes.subarray(1, 5));
  expect(indexOf(greet(cellar))).not.toBe(indexOf(greet(pi)));
});

test('nothing on the wire names a node or a key of it', () => {
  agree();
  const hello = toHex(pi.greet(cellar));
  const said = toHex(attic.seal(cellar, 'text'));
  for (const { identity } of [attic, cellar, pi]) {
    for (const key of [identity.publicKey, identity.agreement.public]) {
      expect(hello).not.toContain(toHex(key));
      expect(said).not.toContain(toHex(key));
    }
  }
});
