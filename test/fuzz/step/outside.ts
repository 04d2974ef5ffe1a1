/** The operator's commands, the door for joiners, and the LAN. */
import { equal, type Bytes } from '../../../src/base/bytes.ts';
import type { NodeName } from '../../../src/base/id.ts';
import { millis } from '../../../src/base/time.ts';
import { joinRequest } from '../../../src/core/founding.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { beaconKey, sealBeacon } from '../../../src/wire/beacon.ts';
import { encodeFrame } from '../../../src/wire/join.ts';
import { encodeSearch } from '../../../src/wire/search.ts';
import { decodeToken, inviteKeyOf, knockTag, type Token } from '../../../src/wire/token.ts';
import { HOSTILE, person, PLACES, SOURCES, STRANGERS, suite } from './people.ts';
import type { Source } from './source.ts';
import type { World } from './world.ts';

const DAY = 86_400_000;
const INVITED_AT: readonly [readonly string[], ...(readonly string[])[]] = [
  [],
  ['192.0.2.1:4117'],
  ['attic.example:1', '[::1]:9'],
  ['nowhere'],
];

/** One command of an operator. */
export function operate(world: World, source: Source): void {
  const ids = [...world.puppets.map(({ id }) => id), world.machine.id, person('porch').id];
  const member = ids[source.below(ids.length)] ?? world.machine.id;
  switch (source.below(6)) {
    case 0: {
      const uses = source.pick([1, 2, 1_000, 0, 1_001, 1.5]);
      const expires = millis(source.pick([900_000, 1, 30 * DAY, 0, 31 * DAY, Number.NaN]));
      const at = source.pick(INVITED_AT);
      world.ask({ type: 'invite', at, uses, expires });
      return;
    }
    case 1: {
      const address = source.pick(PLACES);
      world.watch.allow(address);
      world.ask({ type: 'hint', member, address });
      return;
    }
    case 2: {
      const key = String.fromCharCode(...source.octets().slice(0, 40));
      const value = source.pick([undefined, '', 'roof', 'x'.repeat(64), 'x'.repeat(65), '\n']);
      world.ask({ type: 'tag', changes: [{ key, value }] });
      return;
    }
    case 3:
      // A node that left has no more to say, so this is rare.
      if (source.u8() > 200) world.ask({ type: 'leave' });
      return;
    default:
      world.ask({ type: 'ping', member });
  }
}

/** One step of one who may join, or of one who only knocks. */
export function door(world: World, source: Source): void {
  const link = source.below(70);
  const joiner = person(source.pick(STRANGERS));
  const token = tokenOf(world);
  switch (source.below(5)) {
    case 0:
    case 1: {
      const from = source.pick(SOURCES);
      // A number is used again only after the link is gone.
      if (world.links.has(link)) return;
      world.links.add(link);
      world.step({ type: 'knock', link, tag: tagOf(token, source), from });
      world.step({ type: 'link-open', link, peer: joiner.id });
      return;
    }
    case 2:
    case 3: {
      const name = source.pick(['loft', 'porch', 'attic', 'pi']) as NodeName;
      const body = token === undefined ? source.octets() : request(joiner, token, name, source);
      for (const one of [...world.links].slice(0, 1 + source.below(3))) {
        world.step({ type: 'link-frame', link: one, body });
      }
      return;
    }
    default:
      world.links.delete(link);
      world.step({ type: 'link-closed', link });
  }
}

function request(
  joiner: Parameters<typeof joinRequest>[1],
  token: Token,
  name: NodeName,
  source: Source,
): Bytes {
  const body = joinRequest(suite, joiner, token, name).slice(4);
  const choice = source.u8();
  if (choice < 200) return body;
  if (choice < 220) return encodeFrame({ type: 'refused', reason: 'spent' }).slice(4);
  const index = source.u8() % body.length;
  body[index] = (body[index] ?? 0) ^ (source.u8() || 1);
  return body;
}

function tokenOf(world: World): Token | undefined {
  const read = decodeToken(nodeSuite, world.token);
  return typeof read === 'string' ? undefined : read;
}

function tagOf(token: Token | undefined, source: Source): Bytes | undefined {
  const choice = source.u8();
  if (choice === 255 || token === undefined) return undefined;
  const { public: key } = inviteKeyOf(suite, token.secret);
  const tag = knockTag(suite, key, nodeSuite.hash(Uint8Array.of(choice)).slice(0, 10));
  if (choice > 240) tag[choice % 26] = 0;
  return tag;
}

/** Something said to everyone on the LAN. */
export function lan(world: World, source: Source): void {
  const from = source.pick(SOURCES);
  const nonce = nodeSuite.hash(Uint8Array.of(source.u8()));
  const caller = world.puppets[source.below(world.puppets.length)]?.identity ?? world.machine;
  switch (source.below(5)) {
    case 0: {
      const { act } = world.founder.chain[0] ?? {};
      if (act?.type !== 'found') return;
      const gone = world.founder.chain.filter((one) => one.act.type === 'remove');
      const departures = gone.slice(0, source.below(2)).map(({ hash }) => hash);
      const key = beaconKey(suite, act.nonce, departures);
      const bytes = sealBeacon(suite, caller, world.cluster, key, nonce.slice(0, 16));
      world.watch.allow(from);
      world.step({ type: 'beacon', from, bytes });
      return;
    }
    case 1: {
      const token = tokenOf(world);
      if (token === undefined) return;
      const { public: key } = inviteKeyOf(suite, token.secret);
      const type = source.pick(['search', 'here']);
      const bytes = encodeSearch(suite, type, key, nonce.slice(0, 10));
      world.watch.allow(from);
      world.step({ type: 'beacon', from, bytes });
      return;
    }
    case 2: {
      // Its own call, come back by another way.
      const bytes = world.beacons[source.u8() % Math.max(1, world.beacons.length)];
      if (bytes !== undefined) world.step({ type: 'beacon', from: source.pick(HOSTILE), bytes });
      return;
    }
    default: {
      const sizes = [27, 129];
      const bytes = new Uint8Array(sizes[source.below(2)] ?? 27);
      bytes.set(source.octets().slice(0, bytes.length));
      bytes[0] = source.pick([0x24, 0x25, 0x26]);
      if (!equal(bytes, nonce)) world.step({ type: 'beacon', from: source.pick(HOSTILE), bytes });
    }
  }
}
