/** What members say: well-formed messages and signed acts, made of a few choices. */
import { addressKey } from '../../../src/base/address.ts';
import { fromHex, type Bytes } from '../../../src/base/bytes.ts';
import { publicKeyOf, type NodeId } from '../../../src/base/id.ts';
import { encodeMessage, type Message } from '../../../src/wire/message.ts';
import type { Leaf } from '../../../src/wire/summary.ts';
import { wallTime } from '../../../src/base/time.ts';
import { inviteKeyOf } from '../../../src/wire/token.ts';
import { admitBody } from '../../unit/core/acts.ts';
import { PLACES, STRANGERS, person, suite } from './people.ts';
import type { Puppet } from './puppet.ts';
import type { Source } from './source.ts';
import type { World } from './world.ts';

/** A message to the machine; undefined for one that would not fit a datagram. */
export function message(world: World, by: Puppet, source: Source): Bytes | undefined {
  const made = choose(world, by, source);
  const size =
    made.type === 'news' ? made.items.reduce((sum, { bytes }) => sum + bytes.length, 0) : 0;
  return size > 1_000 ? undefined : encodeMessage(made);
}

function idOf(world: World, source: Source): NodeId {
  const ids = [...world.puppets.map(({ id }) => id), world.machine.id, person('loft').id];
  return ids[source.below(ids.length)] ?? world.machine.id;
}

function choose(world: World, by: Puppet, source: Source): Message {
  const numbers: readonly [number, ...number[]] = [0, 1, 7, 1_001, 0xffff_ffff];
  switch (source.below(6)) {
    case 0:
      return { type: 'want', wants: wants(world, source) };
    case 1:
      return summary(world, source);
    case 2:
      return { type: 'seek', target: idOf(world, source), sequence: source.pick(numbers) };
    case 3:
      return {
        type: 'sought',
        target: idOf(world, source),
        age: source.pick([undefined, 0, 500, 60_000, 0xffff_fffe]),
        seen: source.pick([undefined, ...PLACES]),
        record: recordOf(world, source),
      };
    case 4:
      return {
        type: 'introduce',
        seeker: idOf(world, source),
        address: source.pick(PLACES),
        record: recordOf(world, source),
      };
    default: {
      const item = { kind: source.pick(['record', 'act']), bytes: source.octets() } as const;
      const own = world.founder.chain[source.below(world.founder.chain.length)];
      const known = { kind: 'act', bytes: own?.bytes ?? item.bytes } as const;
      by.sequence = Math.max(by.sequence, 1);
      return { type: 'news', items: [item, known].slice(0, 1 + source.below(2)) };
    }
  }
}

function recordOf(world: World, source: Source): Bytes | undefined {
  const author = world.puppets[source.below(world.puppets.length + 1)];
  if (author === undefined) return undefined;
  author.sequence = Math.min(author.sequence + source.below(3), 0xffff_ffff) || 1;
  const address = source.pick(PLACES);
  const addresses = addressKey(address) === '' ? [] : [{ address, voters: 1 }];
  return author.record({ sequence: author.sequence, addresses, tags: [] }).bytes;
}

function wants(world: World, source: Source): Extract<Message, { type: 'want' }>['wants'] {
  return Array.from({ length: source.below(32) }, () => ({
    kind: source.pick(['record', 'act']),
    id: idOf(world, source),
    from: source.pick([0, 1, 2, 5, 0xffff_ffff]),
  }));
}

/** Digests and leaves, of the machine's own ID's branch or of any other. */
function summary(world: World, source: Source): Message {
  const mode = source.pick(['digests', 'leaves']);
  const depth = source.below(mode === 'digests' ? 8 : 9);
  const id = publicKeyOf(idOf(world, source));
  const unit = 2 ** (32 - 4 * depth);
  const [a = 0, b = 0, c = 0, d = 0] = id;
  const head = a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d;
  const prefix = Math.floor(head / unit) * unit;
  if (mode === 'digests') {
    const digests = Array.from({ length: 16 }, () => source.u8());
    return { type: 'summary', depth, prefix, mode, digests };
  }
  const leaves: Leaf[] = Array.from({ length: source.below(12) }, () => ({
    prefix: publicKeyOf(idOf(world, source)).slice(0, 8),
    sequence: source.pick([0, 1, 1_001, 0xffff_ffff]),
    acts: source.pick([0, 1, 4, 0xffff]),
  }));
  return { type: 'summary', depth, prefix, mode, leaves };
}

/** Removes anybody, and names the last act that stays by its true hash or by another. */
function removal(world: World, source: Source): Parameters<Puppet['chain']['sign']>[0] {
  const id = idOf(world, source);
  const last = source.pick([0, 1, 3, 0xffff_ffff]);
  const { chain = [] } = world.puppets.find((puppet) => puppet.id === id)?.chain ?? {};
  const zeros = new Uint8Array(32);
  const { hash = zeros } = chain[last - 1] ?? {};
  const other = source.below(4) === 0 && last > 0 ? zeros.fill(7) : hash;
  return { type: 'remove', id, last, lastHash: other };
}

const SECRET = fromHex('00112233445566778899aabbccddeeff') ?? new Uint8Array(16);

/** An act of a member's chain: the next one, a fork of an earlier one, or one far ahead. */
export function act(
  world: World,
  by: Pick<Puppet, 'chain' | 'id'>,
  source: Source,
): Bytes | undefined {
  const { chain } = by;
  const next = chain.chain.length + 1;
  const choice = source.below(7);
  const others = [1 + (choice === 3 ? source.u8() % next : 0), 1, next + 3, 5_000];
  const number = others[choice - 3] ?? next;
  const body = bodyOf(world, by, source);
  if (number !== next) return chain.signAt(number, body).bytes;
  return chain.sign(body).bytes;
}

function bodyOf(
  world: World,
  by: Pick<Puppet, 'id'>,
  source: Source,
): Parameters<Puppet['chain']['sign']>[0] {
  const text = String(source.below(4));
  const { public: key } = inviteKeyOf(
    suite,
    suite.hash(SECRET.map((octet) => octet ^ text.charCodeAt(0))).slice(0, 16),
  );
  switch (source.below(5)) {
    case 0:
      return { type: 'leave' };
    case 1:
      return removal(world, source);
    case 2:
      return { type: 'invite', key, uses: 1 + source.u8(), expires: wallTime(1_900_000_000_000) };
    default: {
      // The last invite by this author that anybody can redeem.
      const joiner = person(source.pick(STRANGERS));
      const name = source.pick(['loft', 'porch', 'attic', 'pi']);
      return admitBody(world.cluster, joiner, name, `by ${by.id} ${text}`, suite);
    }
  }
}
