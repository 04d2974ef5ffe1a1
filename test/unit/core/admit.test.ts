import { beforeEach, describe, expect, test } from 'vitest';
import type { Bytes } from '../../../src/base/bytes.ts';
import { concat } from '../../../src/base/bytes.ts';
import { minutes, wallTime } from '../../../src/base/time.ts';
import { GUESTS_MAX, KNOCKS_MAX } from '../../../src/core/config.ts';
import { Admission, joinRequest, type AdmissionStep } from '../../../src/core/founding.ts';
import type { Effect, LinkId } from '../../../src/core/io.ts';
import type { Identity } from '../../../src/crypto/identity.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { consentInput, redemptionInput } from '../../../src/wire/act.ts';
import { decodeFrameBody, encodeFrame } from '../../../src/wire/join.ts';
import { decodeToken, inviteKeyOf, knockTag, type Token } from '../../../src/wire/token.ts';
import { identityOf, named } from './acts.ts';
import {
  type Puppet,
  Scene,
  Station,
  Wire,
  at,
  eventTypes,
  freshEntropy,
  storedCluster,
} from './fixture.ts';

const FROM = at('203.0.113.50:5050');
const shed = identityOf('shed');
let scene: Scene;
let cellar: Puppet;
let link: LinkId;

beforeEach(() => {
  scene = new Scene(['attic', 'cellar']);
  cellar = scene.puppet(0);
  scene.start();
  scene.pass(2_000);
  scene.station.clear();
  link = 0;
});

function invite(uses = 1, maker = scene.station): Token {
  const reply = maker.ask({ type: 'invite', at: ['192.0.2.1:1'], uses, expires: minutes(5) });
  if (reply?.type !== 'invited') throw new Error('no invite');
  const token = decodeToken(nodeSuite, reply.token);
  if (typeof token === 'string') throw new Error(token);
  return token;
}

function tag(token: Token): Bytes {
  const { public: key } = inviteKeyOf(nodeSuite, token.secret);
  return knockTag(nodeSuite, key, freshEntropy().subarray(0, 10));
}

function knock(shown: Bytes | undefined): string[] {
  link += 1;
  return scene.step({ type: 'knock', link, tag: shown, from: FROM }).map(({ type }) => type);
}

/** The body of a request: what is behind the length. */
function request(token: Token, joiner: Identity = shed, name = 'shed'): Bytes {
  return joinRequest(nodeSuite, joiner, token, named(name)).subarray(4);
}

/** Knocks, opens, and sends one frame. */
function ask(token: Token, body: Bytes, joiner: Identity = shed): Effect[] {
  knock(tag(token));
  scene.step({ type: 'link-open', link, peer: joiner.id });
  return scene.step({ type: 'link-frame', link, body });
}

/** The frames that this link was sent, their length prefixes taken off. */
function frames(effects: readonly Effect[], of = link): Bytes[] {
  const sent = effects.flatMap((effect) =>
    effect.type === 'link-send' && effect.link === of ? [effect.bytes] : [],
  );
  const bytes = concat(...sent);
  const bodies: Bytes[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const length = new DataView(bytes.buffer, bytes.byteOffset + offset).getUint32(0);
    bodies.push(bytes.subarray(offset + 4, offset + 4 + length));
    offset += 4 + length;
  }
  return bodies;
}

function refusal(effects: readonly Effect[]): string | undefined {
  const [body] = frames(effects);
  const frame = body === undefined ? undefined : decodeFrameBody(body);
  return frame?.type === 'refused' ? frame.reason : undefined;
}

/** What the joiner makes of the answer. */
function admission(token: Token, effects: readonly Effect[], joiner = shed): AdmissionStep {
  const wall = wallTime(scene.station.wall);
  const reader = new Admission(nodeSuite, joiner, token, at('192.0.2.1:1'), wall);
  let step: AdmissionStep = { type: 'more' };
  for (const body of frames(effects)) step = reader.push(body);
  return step;
}

function closed(effects: readonly Effect[]): boolean {
  return effects.some((effect) => effect.type === 'close-link' && effect.link === link);
}

function tickets(effects: readonly Effect[]): number[] {
  return effects.flatMap((effect) => (effect.type === 'save' ? [effect.ticket] : []));
}

describe('a knock', () => {
  test('without a tag, or with one of no live invite, is closed without a byte', () => {
    const foreign = { ...invite(), secret: new Uint8Array(16) };
    for (const shown of [undefined, new Uint8Array(26), new Uint8Array(5), tag(foreign)]) {
      expect(knock(shown)).toEqual(['close-link']);
    }
    expect(scene.station.count('knock-refused')).toBe(4);
  });

  test('with the tag of a live invite lets the handshake begin', () => {
    expect(knock(tag(invite()))).toEqual(['admit-link']);
  });

  test('with a tag seen before is closed: a recorded ClientHello opens nothing', () => {
    const shown = tag(invite());
    expect(knock(shown)).toEqual(['admit-link']);
    expect(knock(shown)).toEqual(['close-link']);
  });

  test('of an expired invite is closed', () => {
    const token = invite();
    scene.pass(minutes(6));
    expect(knock(tag(token))).toEqual(['close-link']);
  });

  test('is refused to the 65th guest at once, and taken again when one went', () => {
    const token = invite();
    for (let count = 0; count < GUESTS_MAX; count += 1) {
      expect(knock(tag(token))).toEqual(['admit-link']);
    }
    expect(knock(tag(token))).toEqual(['close-link']);
    scene.step({ type: 'link-closed', link: 7 });
    expect(knock(tag(token))).toEqual(['admit-link']);
  });

  test('is taken 1,024 times an invite', () => {
    const token = invite();
    for (let count = 0; count < KNOCKS_MAX; count += 1) {
      expect(knock(tag(token))).toEqual(['admit-link']);
      scene.step({ type: 'link-closed', link });
    }
    expect(knock(tag(token))).toEqual(['close-link']);
  });
});

describe('a link', () => {
  test('that opens without having been admitted is closed', () => {
    const effects = scene.step({ type: 'link-open', link: 99, peer: shed.id });
    expect(effects.map(({ type }) => type)).toEqual(['close-link']);
  });

  test('that nobody admitted says nothing', () => {
    expect(scene.step({ type: 'link-frame', link: 99, body: request(invite()) })).toEqual([]);
  });

  test('that closed is forgotten: a frame of it that comes late admits nobody', () => {
    const token = invite();
    knock(tag(token));
    scene.step({ type: 'link-open', link, peer: shed.id });
    scene.step({ type: 'link-closed', link });
    expect(scene.step({ type: 'link-frame', link, body: request(token) })).toEqual([]);
    expect(scene.station.node.memberCount).toBe(2);
  });
});

describe('a request with a live invite', () => {
  test('makes its sender a member, with all acts and records and the address it came from', () => {
    const { bytes } = cellar.record({ at: ['192.0.2.9:4117'] });
    scene.say(cellar, { type: 'news', items: [{ kind: 'record', bytes }] });
    const token = invite();
    const effects = ask(token, request(token));
    const step = admission(token, effects);
    if (step.type !== 'admitted') throw new Error(JSON.stringify(step));
    expect(step.seen).toEqual(FROM);
    expect(step.book.records).toHaveLength(2);
    expect(closed(effects)).toBe(true);
    expect(scene.station.node.find('shed')).toBe(shed.id);
    expect(eventTypes(effects)).toEqual(
      expect.arrayContaining(['invite-redeemed', 'member-joined']),
    );
    // What it was given is a state that a node starts from.
    const station = new Station('shed', { stored: step.cluster, book: step.book });
    expect(station.node.memberCount).toBe(3);
  });

  test('is told to the other members', () => {
    const token = invite();
    cellar.heard = [];
    ask(token, request(token));
    scene.pass(100);
    const items = cellar.messages('news').flatMap((message) => message.items);
    expect(items.filter(({ kind }) => kind === 'act')).toHaveLength(2);
  });

  test('is answered only when the admission is on disk', () => {
    const token = invite();
    scene.station.saves = false;
    const effects = ask(token, request(token));
    expect(frames(effects)).toEqual([]);
    const later = scene.step({ type: 'saved', ticket: Math.max(...tickets(effects)) });
    expect(admission(token, later).type).toBe('admitted');
  });

  test('repeated before the admission is on disk is answered then, on the newest link', () => {
    const token = invite();
    scene.station.saves = false;
    const effects = ask(token, request(token));
    const first = link;
    const again = scene.step({ type: 'link-frame', link, body: request(token) });
    const elsewhere = ask(token, request(token));
    expect([...frames(again), ...frames(elsewhere)]).toEqual([]);
    const later = scene.step({ type: 'saved', ticket: Math.max(...tickets(effects)) });
    // Its joiner gave that one up before it tried again.
    expect(frames(later, first)).toEqual([]);
    expect(admission(token, later).type).toBe('admitted');
  });

  test('is answered without acts of other admissions that are not on disk yet', () => {
    const token = invite(2);
    scene.station.saves = false;
    const [ticket = 0] = tickets(ask(token, request(token)));
    const barn = identityOf('barn');
    const second = link;
    ask(token, request(token, barn, 'barn'), barn);
    const later = scene.step({ type: 'saved', ticket });
    const acts = frames(later, second);
    const members = acts.map((body) => decodeFrameBody(body));
    const admitted = members.flatMap((frame) =>
      frame?.type === 'item' && frame.item.kind === 'act' ? [frame.item.bytes] : [],
    );
    // Founding, invite and admission of cellar, the invite, the admission of shed; not barn's.
    expect(admitted).toHaveLength(5);
  });

  test('is answered to nobody when its link closed meanwhile, and counts all the same', () => {
    const token = invite();
    scene.station.saves = false;
    const effects = ask(token, request(token));
    scene.step({ type: 'link-closed', link });
    const later = scene.step({ type: 'saved', ticket: Math.max(...tickets(effects)) });
    expect(frames(later)).toEqual([]);
    expect(scene.station.node.memberCount).toBe(3);
  });

  test('repeated after a broken connection gets the same answer and spends nothing', () => {
    const token = invite(2);
    const one = frames(ask(token, request(token)));
    const again = ask(token, request(token));
    expect(frames(again)).toEqual(one);
    expect(scene.station.status().invites).toMatchObject([{ usesLeft: 1 }]);
  });
});

describe('a request is refused', () => {
  const barn = identityOf('barn');

  function refused(reason: string, effects: readonly Effect[]): void {
    expect(refusal(effects)).toBe(reason);
    expect(closed(effects)).toBe(true);
    expect(eventTypes(effects)).toContain('join-refused');
    expect(scene.station.count(`join-${reason}`)).toBe(1);
  }

  test('when the invite is spent', () => {
    const token = invite();
    ask(token, request(token));
    refused('spent', ask(token, request(token, barn, 'barn'), barn));
    expect(scene.station.node.find('barn')).toBe('unknown');
  });

  test('when the invite expired after the knock', () => {
    const token = invite();
    knock(tag(token));
    scene.step({ type: 'link-open', link, peer: shed.id });
    scene.pass(minutes(6));
    refused('expired', scene.step({ type: 'link-frame', link, body: request(token) }));
  });

  test('when it names an invite of nobody', () => {
    const token = invite();
    refused('unknown-invite', ask(token, request({ ...token, secret: new Uint8Array(16) })));
  });

  test('when a member has the name already', () => {
    const token = invite();
    refused('name-taken', ask(token, request(token, shed, 'cellar')));
    refused2(token);
  });

  /** The invite is not spent by a refusal. */
  function refused2(token: Token): void {
    expect(admission(token, ask(token, request(token))).type).toBe('admitted');
  }

  test('when it does not come from the key that the handshake proved', () => {
    const token = invite();
    refused('malformed', ask(token, request(token), barn));
  });

  test('when the handshake is not over', () => {
    const token = invite();
    knock(tag(token));
    refused('malformed', scene.step({ type: 'link-frame', link, body: request(token) }));
  });

  /** A request for `shed` under its own name; the two signatures may be over something else. */
  function signed(token: Token, over: { redeemed?: string; agreed?: string; key?: Bytes }): Bytes {
    const { seed, public: inviteKey } = inviteKeyOf(nodeSuite, token.secret);
    const { redeemed = 'shed', agreed = 'shed', key: agreement = shed.agreement.public } = over;
    const who = [token.cluster, inviteKey, shed.id, agreement] as const;
    const redemption = nodeSuite.sign(seed, redemptionInput(...who, named(redeemed)));
    const consent = shed.sign(consentInput(...who, named(agreed)));
    const fields = { id: shed.id, agreement, name: named('shed'), inviteKey, redemption, consent };
    return encodeFrame({ type: 'request', ...fields }).subarray(4);
  }

  test('when the invite’s signature is not over this cluster, name and key', () => {
    const token = invite();
    refused('malformed', ask(token, signed(token, { redeemed: 'other' })));
    expect(scene.station.node.memberCount).toBe(2);
  });

  test('when its sender did not agree to this name and key', () => {
    const token = invite();
    refused('malformed', ask(token, signed(token, { agreed: 'other' })));
    expect(admission(token, ask(token, signed(token, {}))).type).toBe('admitted');
  });

  test('when it brings the key of another member', () => {
    const token = invite();
    refused('malformed', ask(token, signed(token, { key: cellar.identity.agreement.public })));
  });

  test('when its sender left the cluster before', () => {
    const stored = storedCluster('attic', 'cellar').stored;
    const station = new Station('cellar', { stored });
    station.start();
    station.ask({ type: 'leave' });
    const saved = station.node.document('cluster') as { readonly acts: readonly string[] };
    const bytes = Uint8Array.from(Buffer.from(saved.acts.at(-1) ?? '', 'hex'));
    scene.say(cellar, { type: 'news', items: [{ kind: 'act', bytes }] });
    const token = invite();
    refused('malformed', ask(token, request(token, cellar.identity, 'cellar'), cellar.identity));
  });

  test('when this node left the cluster', () => {
    const token = invite();
    scene.ask({ type: 'leave' });
    scene.pass(500);
    refused('not-ready', ask(token, request(token)));
  });

  test.each([
    ['nothing', new Uint8Array(0)],
    ['noise', new Uint8Array(300).fill(7)],
    ['an answer', encodeFrame({ type: 'done', seen: undefined }).subarray(4)],
  ])('when it is %s', (_what, body) => {
    refused('malformed', ask(invite(), body));
  });
});

test('a node that joined finds the whole cluster, and the whole cluster finds it', () => {
  const { stored } = storedCluster('attic', 'cellar');
  const wire = new Wire();
  const attic = new Station('attic', { stored });
  const hinted = new Station('cellar', { stored });
  wire.add(attic, '192.0.2.1');
  wire.add(hinted, '192.0.2.2');
  attic.start();
  hinted.start();
  hinted.ask({ type: 'hint', member: attic.id, address: at('192.0.2.1:4117') });
  wire.run(1_000);
  const token = invite(1, attic);
  attic.step({ type: 'knock', link: 1, tag: tag(token), from: FROM });
  attic.step({ type: 'link-open', link: 1, peer: shed.id });
  const effects = attic.step({ type: 'link-frame', link: 1, body: request(token) });
  const wall = wallTime(attic.wall);
  const reader = new Admission(nodeSuite, shed, token, at('192.0.2.1:4117'), wall);
  let step: AdmissionStep = { type: 'more' };
  for (const body of frames(effects, 1)) step = reader.push(body);
  if (step.type !== 'admitted') throw new Error(JSON.stringify(step));
  const third = new Station('shed', { stored: step.cluster, book: step.book, now: wire.now });
  wire.add(third, '192.0.2.3');
  third.start();
  wire.run(2_000);
  for (const one of [attic, hinted, third]) {
    for (const other of [attic, hinted, third]) {
      if (one === other) continue;
      const address = `${wire.hostOf(other)}:4117`;
      expect(one.view(other.id)).toMatchObject({ state: 'alive', proof: 'direct', address });
    }
  }
});
