/** What a joiner takes from whoever answers at the token's address, until it believes it. */
import { concat, type Bytes } from '../../../src/base/bytes.ts';
import { wallTime } from '../../../src/base/time.ts';
import { DEFAULTS } from '../../../src/core/config.ts';
import { Admission } from '../../../src/core/founding.ts';
import { Node } from '../../../src/core/node.ts';
import { encodeFrame, type JoinFrame } from '../../../src/wire/join.ts';
import { inviteKeyOf, type Token } from '../../../src/wire/token.ts';
import { Author, admitBody, found } from '../../unit/core/acts.ts';
import { recordOf } from '../../unit/core/fixture.ts';
import { at, person, suite } from '../step/people.ts';
import { Source } from '../step/source.ts';
import { must, type Target } from './target.ts';

const SECRET = 'to loft';
const joiner = person('loft');

/** Attic's cluster with two members and the joiner in it, and another of the same people. */
const founder = cluster('lake');
const elsewhere = cluster('pond');

function cluster(name: string): Author {
  const author = found('attic', name, suite);
  for (const one of ['cellar', 'pi']) {
    author.invite(`to ${one}`);
    author.admit(person(one), one, `to ${one}`);
  }
  author.invite(SECRET);
  author.admit(joiner, 'loft', SECRET);
  return author;
}

const token: Token = {
  cluster: founder.cluster,
  maker: founder.identity.id,
  secret: suite.hash(new Uint8Array(1)).slice(0, 16),
  expires: wallTime(1_900_000_000_000),
  at: ['192.0.2.9:4117', '[2001:db8::9]:4117', 'attic.example:4117'],
};

/** All that may be in an answer, signed as it should be, each by its number. */
function items(): readonly Bytes[] {
  const liar = person('cellar');
  const secret = inviteKeyOf(suite, token.secret);
  must(secret.seed.length === 32, 'an invite has a key');
  const branch = founder.branch(4);
  branch.sign({ type: 'leave' });
  // Admitted under a key that is not the joiner's own.
  const other = founder.branch(founder.chain.length);
  other.sign(admitBody(founder.cluster, joiner, 'loft', SECRET, suite, liar.agreement.public));
  const gone = new Author(joiner, founder.cluster, [], suite);
  gone.sign({ type: 'leave' });
  const chains = [founder, elsewhere, branch, other, gone];
  const acts = chains.flatMap(({ chain }) => chain.map(({ bytes }) => item('act', bytes)));
  const records = ['attic', 'cellar', 'loft', 'wreck'].flatMap((name) =>
    [1, 7].map((sequence) => {
      const fields = { sequence, at: ['192.0.2.9:4117', '0.0.0.0:0'] };
      return item('record', recordOf(person(name), founder.cluster, fields).bytes);
    }),
  );
  return [...acts, ...records];
}

function item(kind: 'act' | 'record', bytes: Bytes): Bytes {
  return body({ type: 'item', item: { kind, bytes } });
}

function body(frame: JoinFrame): Bytes {
  return encodeFrame(frame).slice(4);
}

const ITEMS = items();
const DONE = body({ type: 'done', seen: at('192.0.2.9:4117') });
const WHOLE = founder.chain.length;

/** One frame of the answer, by a few octets. */
function frameOf(source: Source): Bytes {
  const choice = source.u8();
  if (choice < 224) return ITEMS[choice % ITEMS.length] ?? DONE;
  if (choice < 234) return DONE;
  if (choice < 238) return body({ type: 'refused', reason: 'spent' });
  if (choice < 246) return source.octets();
  const changed = (ITEMS[source.u8() % ITEMS.length] ?? DONE).slice();
  const index = source.u8() % changed.length;
  changed[index] = (changed[index] ?? 0) ^ (source.u8() || 1);
  return changed;
}

export const admission: Target = {
  name: 'admission',
  title: 'the answer to a join, as the joiner takes it: acts and records of anybody',
  covers: /src\/core\/(founding|ledger|standing|pins)\.ts$/,
  lengthMax: 120,
  seeds: () => {
    const all = Array.from({ length: WHOLE }, (_, index) => index);
    const whole = Uint8Array.from([...all, ITEMS.length - 8, ITEMS.length - 5, 225]);
    return [whole, whole.toReversed(), concat(whole.slice(0, 3), Uint8Array.of(225))];
  },
  run: (input) => {
    const source = new Source(input);
    const dialed = at('203.0.113.9:4117');
    const joining = new Admission(suite, joiner, token, dialed, wallTime(1_800_000_000_000));
    let step = joining.push(frameOf(source));
    while (!source.done && step.type === 'more') step = joining.push(frameOf(source));
    if (step.type === 'refused') return ['refused'];
    if (step.type === 'broken') return [step.why];
    if (step.type === 'more') return ['more'];
    // Whatever is believed, a node can live on, and knows itself for a member.
    const stored = { cluster: step.cluster, book: step.book, settings: DEFAULTS };
    const node = new Node({ suite, identity: joiner, ...stored, seed: suite.hash(input) });
    must(node.clusterId === founder.cluster, 'a cluster that is not the token’s');
    must(node.find('loft') === joiner.id, 'admitted, and no member');
    return [`admitted among ${String(node.memberCount)}`, `${String(step.book.records.length)}`];
  },
};
