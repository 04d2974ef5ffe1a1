import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sameAddress, usable } from '../../src/base/address.ts';
import type { Bytes } from '../../src/base/bytes.ts';
import { millis, minutes } from '../../src/base/time.ts';
import { INVITES_MAX, HISTORY_MAX } from '../../src/core/config.ts';
import { readBook, readCluster } from '../../src/core/documents.ts';
import type { Effect, Input, SocketId } from '../../src/core/io.ts';
import { joinRequest } from '../../src/core/founding.ts';
import { nodeSuite } from '../../src/crypto/node-suite.ts';
import type { Message } from '../../src/wire/message.ts';
import { decodeToken, inviteKeyOf, knockTag } from '../../src/wire/token.ts';
import { DATAGRAM_MAX } from '../../src/wire/limits.ts';
import { Author, identityOf, inviteBody, named } from '../unit/core/acts.ts';
import type { Puppet } from '../unit/core/fixture.ts';
import { Scene, at, sends } from '../unit/core/fixture.ts';
import { anyMessage } from '../unit/wire/samples.ts';

// The whole machine under anything that can happen to it. A member may be hostile, the network may
// do what it likes, the disk may fail and the operator may press any key: the machine never throws,
// and what it holds and says stays within bounds.

/** One thing that happens; numbers choose among what is there at that time. */
type Happening =
  | { readonly type: 'pass'; readonly ms: number }
  | { readonly type: 'garbage'; readonly bytes: Bytes; readonly socket: number }
  | { readonly type: 'mutated'; readonly which: number; readonly at: number; readonly bit: number }
  | { readonly type: 'replayed'; readonly which: number; readonly from: number }
  | { readonly type: 'said'; readonly who: number; readonly message: Message; from: number }
  | { readonly type: 'signed'; readonly who: number; readonly sequence: number; port: number }
  | { readonly type: 'forked'; readonly who: number; readonly secret: number }
  | { readonly type: 'switched'; readonly who: number; readonly on: boolean; pongs: boolean }
  | { readonly type: 'moved'; readonly who: number; readonly place: number }
  | { readonly type: 'seen'; readonly who: number; readonly place: number }
  | { readonly type: 'restarted'; readonly who: number }
  | { readonly type: 'unsent'; readonly which: number; readonly refused: boolean }
  | { readonly type: 'disk'; readonly works: boolean; readonly ticket: number; failed: boolean }
  | { readonly type: 'socket'; readonly socket: number; readonly opened: boolean }
  | { readonly type: 'clock'; readonly skew: number; readonly late: number }
  | { readonly type: 'invite'; readonly uses: number; readonly expires: number }
  | { readonly type: 'tag'; readonly key: string; readonly value: string | undefined }
  | { readonly type: 'ask'; readonly who: number; readonly what: number; readonly place: number }
  | { readonly type: 'knock'; readonly link: number; readonly honest: boolean }
  | { readonly type: 'frame'; readonly link: number; readonly bytes: Bytes | undefined }
  | { readonly type: 'wake' };

const small = fc.nat(40);
const bytes = fc.uint8Array({ maxLength: 1_300 });
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('pass'), ms: fc.nat(800) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('pass'), ms: fc.nat(15_000) }) },
  fc.record({ type: fc.constant('garbage'), bytes, socket: fc.nat(2) }),
  fc.record({ type: fc.constant('mutated'), which: fc.nat(), at: fc.nat(), bit: fc.nat(7) }),
  fc.record({ type: fc.constant('replayed'), which: fc.nat(), from: small }),
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('said'),
      who: fc.nat(2),
      message: anyMessage,
      from: small,
    }),
  },
  fc.record({
    type: fc.constant('signed'),
    who: fc.nat(2),
    sequence: fc.nat(0xffff_ffff),
    port: fc.nat(65_535),
  }),
  fc.record({ type: fc.constant('forked'), who: fc.nat(2), secret: fc.nat(3) }),
  fc.record({
    type: fc.constant('switched'),
    who: fc.nat(2),
    on: fc.boolean(),
    pongs: fc.boolean(),
  }),
  fc.record({ type: fc.constant('moved'), who: fc.nat(2), place: small }),
  fc.record({ type: fc.constant('seen'), who: fc.nat(2), place: small }),
  fc.record({ type: fc.constant('restarted'), who: fc.nat(2) }),
  fc.record({ type: fc.constant('unsent'), which: fc.nat(), refused: fc.boolean() }),
  fc.record({
    type: fc.constant('disk'),
    works: fc.boolean(),
    ticket: fc.nat(60),
    failed: fc.boolean(),
  }),
  fc.record({ type: fc.constant('socket'), socket: fc.nat(1), opened: fc.boolean() }),
  fc.record({
    type: fc.constant('clock'),
    skew: fc.integer({ min: -20_000, max: 20_000 }),
    late: fc.constantFrom(0, 0, 3, 60, 900, 6_000),
  }),
  fc.record({
    type: fc.constant('invite'),
    uses: fc.integer({ min: -1, max: 1_001 }),
    expires: fc.oneof(fc.integer({ min: -5, max: 4_000_000_000 }), fc.constant(NaN)),
  }),
  fc.record({
    type: fc.constant('tag'),
    key: fc.string({ maxLength: 33 }),
    value: fc.option(fc.string({ maxLength: 65 }), { nil: undefined }),
  }),
  fc.record({ type: fc.constant('ask'), who: fc.nat(3), what: fc.nat(9), place: small }),
  fc.record({ type: fc.constant('knock'), link: fc.nat(70), honest: fc.boolean() }),
  fc.record({
    type: fc.constant('frame'),
    link: fc.nat(70),
    bytes: fc.option(fc.uint8Array({ maxLength: 400 }), { nil: undefined }),
  }),
  fc.record({ type: fc.constant('wake') }),
);

/** Addresses of every kind, some of which nobody may be asked at. */
const PLACES = [
  ...['192.0.2.9:4117', '192.0.3.9:4117', '192.0.4.9:4117', '203.0.113.1:1', '203.0.113.2:2'],
  ...['10.0.0.1:4117', '127.0.0.1:4117', '169.254.1.1:4117', '[2001:db8::1]:4117', '[fe80::1]:1'],
  ...['[fd00::1]:4117', '[::1]:4117', '0.0.0.0:0', '224.0.0.1:5', '255.255.255.255:9', '1.2.3.4:0'],
].map(at);

function place(number: number): ReturnType<typeof at> {
  return PLACES[number % PLACES.length] ?? at('192.0.2.9:4117');
}

/** One that a datagram can come from. */
function source(number: number): ReturnType<typeof at> {
  const usual = PLACES.filter(usable);
  return usual[number % usual.length] ?? at('192.0.2.9:4117');
}

class World {
  readonly scene = new Scene(['attic', 'cellar', 'pi', 'shed']);
  readonly authors: readonly Author[];
  /** Everything that ever left, a few hundred at the most. */
  readonly sent: Effect[] = [];
  token: string | undefined;
  tickets = 0;

  constructor() {
    this.authors = this.scene.puppets.map(
      ({ identity }) => new Author(identity, this.scene.cluster),
    );
    this.look(this.scene.start());
  }

  puppet(number: number): Puppet {
    return this.scene.puppet(number % this.scene.puppets.length);
  }

  step(input: Input): void {
    this.look(this.scene.step(input));
  }

  /** What must hold of any effects. */
  look(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.type === 'send') {
        expect(effect.bytes.length).toBeLessThanOrEqual(DATAGRAM_MAX);
        expect(effect.to.port).toBeGreaterThan(0);
        if (this.sent.length < 400) this.sent.push(effect);
      }
      if (effect.type === 'save') this.tickets = effect.ticket;
      if (effect.type === 'wake') expect(effect.at).toBeGreaterThan(0);
      if (effect.type === 'answer' && effect.reply.type === 'invited')
        this.token = effect.reply.token;
    }
  }

  happen(what: Happening): void {
    const { scene } = this;
    switch (what.type) {
      case 'pass':
        // At the pace of members that answer at once, this is the larger part of the time.
        this.look(scene.pass(what.ms));
        break;
      case 'garbage':
        this.datagram(what.bytes, what.socket as SocketId, 3);
        break;
      case 'mutated': {
        const copy = this.pick(what.which)?.slice();
        if (copy === undefined) break;
        const index = what.at % copy.length;
        copy[index] = (copy[index] ?? 0) ^ (1 << what.bit);
        this.datagram(copy, 0, what.at);
        break;
      }
      case 'replayed': {
        const copy = this.pick(what.which);
        if (copy !== undefined) this.datagram(copy, 0, what.from);
        break;
      }
      case 'said':
        this.say(this.puppet(what.who), what.message, what.from);
        break;
      case 'signed':
        this.signed(what.who, what.sequence, what.port);
        break;
      case 'forked':
        this.forked(what.who, what.secret);
        break;
      case 'switched':
        this.puppet(what.who).on = what.on;
        this.puppet(what.who).pongs = what.pongs;
        break;
      case 'moved':
        this.move(this.puppet(what.who), source(what.place));
        break;
      case 'seen':
        this.puppet(what.who).sees = () => place(what.place);
        break;
      case 'restarted':
        this.puppet(what.who).restart();
        break;
      case 'unsent': {
        const effect = this.sent[what.which % Math.max(1, this.sent.length)];
        if (effect?.type !== 'send') break;
        const reason = what.refused ? 'refused' : 'unreachable';
        this.step({ type: 'send-failed', socket: effect.socket, to: effect.to, reason });
        break;
      }
      case 'disk':
        scene.station.saves = what.works;
        if (what.failed) {
          this.step({ type: 'save-failed', ticket: what.ticket, reason: 'no space left' });
        } else this.step({ type: 'saved', ticket: Math.min(what.ticket, this.tickets) });
        break;
      case 'socket': {
        const socket = what.socket === 0 ? 1 : 2;
        this.step({ type: what.opened ? 'socket-opened' : 'socket-failed', socket });
        break;
      }
      case 'clock':
        scene.station.skew += what.skew;
        scene.station.late = what.late;
        this.step({ type: 'wake' });
        scene.station.late = 0;
        break;
      case 'wake':
        this.step({ type: 'wake' });
        break;
      default:
        this.operate(what);
    }
  }

  operate(what: Extract<Happening, { type: 'invite' | 'tag' | 'ask' | 'knock' | 'frame' }>): void {
    const { scene } = this;
    switch (what.type) {
      case 'invite':
        scene.ask({ ...what, at: ['192.0.2.1:4117'], expires: millis(what.expires) });
        break;
      case 'tag':
        scene.ask({ type: 'tag', changes: [{ key: what.key, value: what.value }] });
        break;
      case 'ask': {
        const ids = [...scene.puppets.map(({ id }) => id), scene.station.id];
        const member = ids[what.who] ?? scene.station.id;
        if (what.what === 9) scene.ask({ type: 'leave' });
        else if (what.what > 4) scene.ask({ type: 'ping', member });
        else scene.ask({ type: 'hint', member, address: place(what.place) });
        break;
      }
      case 'knock':
        this.step({
          ...{ type: 'knock', link: what.link, from: place(what.link) },
          tag: what.honest ? this.tag() : new Uint8Array(26),
        });
        this.step({ type: 'link-open', link: what.link, peer: identityOf('loft').id });
        break;
      case 'frame':
        this.step({ type: 'link-frame', link: what.link, body: what.bytes ?? this.request() });
        if (what.link % 5 === 0) this.step({ type: 'link-closed', link: what.link });
        break;
    }
    this.look(scene.station.effects.splice(0));
  }

  /** An address belongs to one machine at a time. */
  move(puppet: Puppet, to: ReturnType<typeof at>): void {
    if (this.scene.puppets.every((other) => !sameAddress(other.at, to))) puppet.at = to;
  }

  tag(): Bytes | undefined {
    const token = decodeToken(nodeSuite, this.token ?? '');
    if (typeof token === 'string') return undefined;
    const { public: key } = inviteKeyOf(nodeSuite, token.secret);
    return knockTag(nodeSuite, key, nodeSuite.hash(token.secret).subarray(0, 10));
  }

  request(): Bytes {
    const token = decodeToken(nodeSuite, this.token ?? '');
    if (typeof token === 'string') return new Uint8Array(3);
    return joinRequest(nodeSuite, identityOf('loft'), token, named('loft')).subarray(4);
  }

  /** The bytes of something that was sent. */
  pick(which: number): Bytes | undefined {
    const effect = this.sent[which % Math.max(1, this.sent.length)];
    return effect?.type === 'send' ? effect.bytes : undefined;
  }

  datagram(body: Bytes, socket: SocketId, from: number): void {
    this.step({ type: 'datagram', socket, from: source(from), bytes: body });
  }

  say(puppet: Puppet, message: Message, from: number): void {
    const { scene } = this;
    if (!puppet.sessions.has(scene.station.id, scene.now)) return;
    const where = from < PLACES.length ? source(from) : puppet.at;
    this.look(scene.say(puppet, message, where));
  }

  signed(who: number, sequence: number, port: number): void {
    const puppet = this.puppet(who);
    const record = puppet.record({
      sequence: Math.max(1, sequence),
      beat: minutes(1),
      at: [`203.0.113.9:${String(port)}`],
    });
    const items = [{ kind: 'record' as const, bytes: record.bytes }];
    this.say(this.puppet(who + 1), { type: 'news', items }, 99);
  }

  /** Acts of one number, as many as there are secrets. */
  forked(who: number, secret: number): void {
    const author = this.authors[who % this.authors.length];
    const { bytes: signed } = author?.signAt(1, inviteBody(String(secret))) ?? {
      bytes: new Uint8Array(1),
    };
    this.say(this.puppet(who), { type: 'news', items: [{ kind: 'act', bytes: signed }] }, 99);
  }

  /** What must hold at any time. */
  check(): void {
    const { station, puppets } = this.scene;
    const status = station.status();
    expect(status.invites.length).toBeLessThanOrEqual(INVITES_MAX);
    expect(status.members.total).toBeLessThanOrEqual(puppets.length + 2);
    expect(Object.keys(status.counters).length).toBeLessThan(60);
    const book = readBook(JSON.parse(JSON.stringify(station.node.document('book'))));
    expect(book).toBeDefined();
    for (const { addresses } of book?.history ?? []) {
      expect(addresses.length).toBeLessThanOrEqual(HISTORY_MAX);
    }
    expect(readCluster(JSON.parse(JSON.stringify(station.node.document('cluster'))))).toBeDefined();
    for (const view of station.node.members(this.scene.now).members) {
      if (view.proof === 'direct') expect(view.address).not.toBeNull();
      if (view.address === null) expect(view.proof).toBe('none');
    }
  }
}

/** Datagrams that leave in a second, whatever happened: a burst is a few of each member. */
const SENDS_A_SECOND = 400;

test('whatever happens to a node, it never throws and stays within its bounds', () => {
  fc.assert(
    fc.property(fc.array(happening, { minLength: 20, maxLength: 60 }), (happenings) => {
      const world = new World();
      for (const what of happenings) {
        world.happen(what);
        world.check();
      }
      world.scene.station.clear();
      expect(sends(world.scene.pass(1_000)).length).toBeLessThan(SENDS_A_SECOND);
    }),
    { numRuns: 25, endOnFailure: true, interruptAfterTimeLimit: 10_000 },
  );
}, 60_000);

test('garbage alone draws not one byte from a node, whatever it is made of', () => {
  const world = new World();
  world.scene.pass(20_000);
  const kinds = fc.constantFrom(0x21, 0x22, 0x23, 0x2f, 0x31, 0x11, 0);
  fc.assert(
    fc.property(kinds, bytes, (first, body) => {
      if (body.length > 0) body[0] = first;
      const from = at('203.0.113.99:99');
      const effects = world.scene.step({ type: 'datagram', socket: 0, from, bytes: body });
      expect(effects).toEqual([]);
    }),
    { numRuns: 500 },
  );
});
