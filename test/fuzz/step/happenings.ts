/** The octets of an input as a sequence of things that happen to a machine. */
import type { Address } from '../../../src/base/address.ts';
import { millis } from '../../../src/base/time.ts';
import type { FreshSocket, SendFailure, SocketId } from '../../../src/core/io.ts';
import { signRecord, type SignedRecord } from '../../../src/wire/record.ts';
import { encodeMessage, MESSAGE_KINDS, type NewsItem } from '../../../src/wire/message.ts';
import { HOSTILE, PLACES, SOURCES } from './people.ts';
import type { Puppet } from './puppet.ts';
import type { Source } from './source.ts';
import { act, message } from './speech.ts';
import { door, lan, operate } from './outside.ts';
import { pingOf, type Disk, type World } from './world.ts';

/** Happenings in one execution: enough to go deep, few enough for fifty executions a second. */
const HAPPENINGS_MAX = 160;

type Happening = (world: World, source: Source) => void;

/**
 * By the first octet, modulo 32. What happens most stands here more than once; a new one takes the
 * place of a repetition, so that the corpus goes on meaning what it meant.
 */
const HAPPENINGS: readonly [Happening, ...Happening[]] = [
  passShortly,
  passLong,
  speak,
  speakRaw,
  greet,
  garbage,
  replay,
  mutate,
  signed,
  acts,
  temper,
  move,
  restart,
  unsent,
  disk,
  socket,
  clock,
  crash,
  operate,
  door,
  lan,
  ping,
  twin,
  speak,
  pongLate,
  forge,
  twinActs,
  signed,
  ping,
  acts,
  disk,
  operate,
];

/** Lets all happen that the octets say. Throws when something that must hold does not. */
export function play(world: World, source: Source): void {
  for (let turn = 0; turn < HAPPENINGS_MAX && !source.done; turn += 1) {
    const happening = source.pick(HAPPENINGS);
    happening(world, source);
    world.check();
  }
}

function puppetOf(world: World, source: Source): Puppet {
  const [first] = world.puppets;
  const found = world.puppets[source.below(world.puppets.length)] ?? first;
  if (found === undefined) throw new Error('there is nobody');
  return found;
}

/** Where it is, or where else a datagram of it may come from. */
function sourceOf(puppet: Puppet, source: Source): Address {
  const choice = source.u8();
  return choice < 128 ? puppet.at : (SOURCES[choice % SOURCES.length] ?? puppet.at);
}

function socketOf(source: Source): SocketId {
  return source.pick([0, 0, 0, 1, 2]);
}

function passShortly(world: World, source: Source): void {
  world.pass(8 * source.u8());
}

/** Up to seven hours, in which keys grow old: 0 to 25 s first, then minutes. */
function passLong(world: World, source: Source): void {
  const choice = source.u8();
  if (choice < 250) {
    world.pass(100 * choice);
    return;
  }
  // Hours beat by beat would take seconds: the machine slept through them.
  world.now += 4_200_000 * (choice - 249);
  world.step({ type: 'wake' });
}

/** A member says something well-formed. */
function speak(world: World, source: Source): void {
  const puppet = puppetOf(world, source);
  const said = message(world, puppet, source);
  if (said !== undefined) world.say(puppet, said, sourceOf(puppet, source), socketOf(source));
}

/** A member seals anything at all. */
function speakRaw(world: World, source: Source): void {
  const puppet = puppetOf(world, source);
  const bytes = source.octets();
  const kinds = Object.values(MESSAGE_KINDS);
  if (bytes.length > 0) bytes[0] = kinds[(bytes[0] ?? 0) % (kinds.length + 1)] ?? 0;
  world.say(puppet, bytes, sourceOf(puppet, source), socketOf(source));
}

function ping(world: World, source: Source): void {
  const puppet = puppetOf(world, source);
  world.say(puppet, pingOf(puppet, source.u8()), sourceOf(puppet, source), socketOf(source));
}

/** A challenge answered late, twice, or by another than was asked. */
function pongLate(world: World, source: Source): void {
  const by = puppetOf(world, source);
  const { challenges } = puppetOf(world, source);
  const challenge = challenges[source.below(Math.max(1, challenges.length))] ?? source.u8();
  const seen = PLACES[source.below(PLACES.length)] ?? PLACES[0];
  const beat = { challenge, sequence: by.sequence, digest: source.u8() };
  const pong = encodeMessage({ type: 'pong', ...beat, seen });
  world.say(by, pong, sourceOf(by, source), socketOf(source));
}

/** A hello, of a member or of the one that was removed. */
function greet(world: World, source: Source): void {
  const puppet = puppetOf(world, source);
  const bytes = puppet.greet(world.machine, world.instant);
  if (bytes !== undefined) world.genuine(sourceOf(puppet, source), bytes, socketOf(source));
}

function garbage(world: World, source: Source): void {
  const bytes = source.octets();
  if (bytes.length > 0) bytes[0] = 0x20 | ((bytes[0] ?? 0) & 0x1f);
  const from = source.pick(HOSTILE);
  world.step({ type: 'datagram', socket: socketOf(source), from, bytes });
}

/** Something that was sent before, by anybody to anybody, from where nobody is. */
function replay(world: World, source: Source): void {
  const bytes = world.recorded[source.u8() % Math.max(1, world.recorded.length)];
  const from = source.pick(HOSTILE);
  if (bytes !== undefined) world.step({ type: 'datagram', socket: 0, from, bytes });
}

function mutate(world: World, source: Source): void {
  const bytes = world.recorded[source.u8() % Math.max(1, world.recorded.length)]?.slice();
  if (bytes === undefined) return;
  const index = source.u8() % bytes.length;
  bytes[index] = (bytes[index] ?? 0) ^ (source.u8() || 1);
  const from = source.pick(HOSTILE);
  world.step({ type: 'datagram', socket: 0, from, bytes });
}

/** A record of a member, told by that or another member. */
function signed(world: World, source: Source): void {
  const author = puppetOf(world, source);
  const teller = puppetOf(world, source);
  const sequences = [author.sequence + 1, author.sequence, 1, 0xffff_ffff, 1 + source.u8()];
  const sequence = Math.max(1, sequences[source.below(sequences.length)] ?? 1);
  author.sequence = Math.min(sequence, 0xffff_ffff);
  const record = author.record({ sequence: author.sequence, ...lists(source) });
  tell(world, teller, { kind: 'record', bytes: record.bytes });
}

function lists(source: Source): Pick<SignedRecord, 'addresses' | 'tags'> {
  const count = source.below(7);
  const from = source.u8();
  const addresses = Array.from({ length: count }, (_, index) => {
    return { address: PLACES[(from + index) % PLACES.length] ?? PLACES[0], voters: index };
  });
  const tags = Array.from({ length: source.below(4) }, (_, index) => {
    return { key: `key${String(index)}`, value: 'x'.repeat(source.below(65)) };
  });
  return { addresses, tags };
}

function tell(world: World, teller: Puppet, item: NewsItem): void {
  const news = encodeMessage({ type: 'news', items: [item] });
  world.say(teller, news, teller.at);
}

function twin(world: World, source: Source): void {
  const sequence = source.pick([1_500, 900, 0xffff_fffe, 3_000_000]) + source.u8() * 7;
  const { bytes } = signTwin(world, Math.min(sequence, 0xffff_ffff), lists(source));
  tell(world, puppetOf(world, source), { kind: 'record', bytes });
}

/** Somebody holds a copy of the machine's own key, and says this in its name. */
export function signTwin(
  world: World,
  sequence: number,
  said: Pick<SignedRecord, 'addresses' | 'tags'> = { addresses: [], tags: [] },
): SignedRecord {
  const record = signRecord(world.machine, {
    ...{ cluster: world.cluster, id: world.machine.id, beat: millis(600) },
    ...{ sequence, reachability: 'open', relays: [], services: [], ...said },
  });
  world.watch.forged(record.bytes);
  return record;
}

/** Somebody holds a copy of the machine's own key, and acts in its name. */
function twinActs(world: World, source: Source): void {
  const bytes = act(world, { chain: world.ownChain, id: world.machine.id }, source);
  world.watch.twinActs = true;
  if (bytes !== undefined) tell(world, puppetOf(world, source), { kind: 'act', bytes });
}

/** A record that its author did not sign: whoever believes it asks where only forgers are. */
function forge(world: World, source: Source): void {
  const author = puppetOf(world, source);
  const teller = puppetOf(world, source);
  const sequence = source.pick([0xffff_ffff, author.sequence + 1, 2]);
  const address = source.pick(HOSTILE);
  const addresses = [{ address, voters: 9 }];
  const { bytes } = author.record({
    sequence: Math.min(sequence, 0xffff_ffff),
    addresses,
    tags: [],
  });
  // Somewhere in the signature, which is the last 64 octets.
  const index = bytes.length - 1 - source.below(64);
  bytes[index] = (bytes[index] ?? 0) ^ (source.u8() || 1);
  if (source.u8() < 128) tell(world, teller, { kind: 'record', bytes });
  else {
    const introduce = { type: 'introduce', seeker: author.id, address: author.at } as const;
    world.say(teller, encodeMessage({ ...introduce, record: bytes }), teller.at);
  }
}

function acts(world: World, source: Source): void {
  const author = puppetOf(world, source);
  const teller = puppetOf(world, source);
  const bytes = act(world, author, source);
  if (bytes !== undefined) tell(world, teller, { kind: 'act', bytes });
}

function temper(world: World, source: Source): void {
  const puppet = puppetOf(world, source);
  const choice = source.u8();
  puppet.on = choice % 4 !== 0;
  puppet.pongs = choice % 8 < 6;
  puppet.sees = choice < 96 ? undefined : PLACES[choice % PLACES.length];
  puppet.digest = choice < 160 ? undefined : choice;
}

/** An address belongs to one member at a time, or to two, when one of them lies. */
function move(world: World, source: Source): void {
  puppetOf(world, source).at = source.pick(SOURCES);
}

function restart(world: World, source: Source): void {
  puppetOf(world, source).restart();
}

function unsent(world: World, source: Source): void {
  const reasons: readonly [SendFailure, ...SendFailure[]] = [
    ...(['refused', 'unreachable'] as const),
    ...(['closed', 'other'] as const),
  ];
  const to = source.pick(PLACES);
  world.step({ type: 'send-failed', socket: socketOf(source), to, reason: source.pick(reasons) });
}

function disk(world: World, source: Source): void {
  const modes: readonly [Disk, ...Disk[]] = ['works', 'slow', 'full'];
  world.disk = source.pick(modes);
  world.flush();
}

function socket(world: World, source: Source): void {
  const choice = source.u8();
  world.sockets = choice < 128;
  const [waiting] = world.opening;
  const fresh: FreshSocket = waiting ?? (choice % 2 === 0 ? 1 : 2);
  world.opening.delete(fresh);
  world.step({ type: choice % 3 === 0 ? 'socket-failed' : 'socket-opened', socket: fresh });
}

function clock(world: World, source: Source): void {
  const steps: readonly [number, ...number[]] = [0, 9_999, 10_001, -20_000, 3_600_000, -1.8e12];
  world.skew += source.pick(steps);
  world.late = source.pick([0, 3, 6, 900, 6_000]);
  // All that was waiting comes as late.
  world.step({ type: 'wake' });
  world.late = 0;
}

function crash(world: World, source: Source): void {
  world.disk = source.pick(['works', 'works', 'slow', 'full']);
  world.crash();
}
