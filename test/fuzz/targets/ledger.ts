/**
 * Signed acts by anybody, in any order and as often as anybody likes: forks, removals that pin,
 * leaves, admissions by those who are no members yet or any more.
 */
import type { Bytes } from '../../../src/base/bytes.ts';
import { Membership, type ActBody } from '../../../src/core/membership.ts';
import { Author, admitBody, fastSuite, found, identityOf } from '../../unit/core/acts.ts';
import { inviteBody, outcome } from '../../unit/core/acts.ts';
import { Source } from '../step/source.ts';
import { must, sameValue, type Target } from './target.ts';

const NAMES = ['attic', 'cellar', 'pi', 'shed', 'loft', 'porch'] as const;
/** Invites each author may have made, by their place in the list. */
const SECRETS = 3;
/** Acts signed in one execution. */
const ACTS_MAX = 40;
const ZEROS = new Uint8Array(32);

/** Signatures are not what is tried here: worthless ones are a hundred times as fast. */
const suite = fastSuite;

function person(name: string): ReturnType<typeof identityOf> {
  return identityOf(name, suite);
}

class Story {
  readonly founding = found('attic', 'lake', suite);
  readonly #authors = NAMES.map((name, index) =>
    index === 0 ? this.founding : new Author(person(name), this.founding.cluster, [], suite),
  );
  readonly signed: Bytes[] = [];
  readonly membership = new Membership(
    suite,
    this.founding.identity.id,
    this.founding.chain.map(({ bytes }) => bytes),
  );
  readonly signs = new Set<string>();

  /** Somebody signs something; it arrives now, later, or never. */
  sign(source: Source): void {
    const at = source.below(this.#authors.length);
    const author = this.#authors[at] ?? this.founding;
    const next = author.chain.length + 1;
    const choice = source.u8();
    // A fork begins below the end; then its author may go on with either branch.
    const number = choice < 160 ? next : 1 + (choice % next);
    const signed = author.signAt(number, this.#body(source, at));
    if (number === next) author.chain.push(signed);
    else if (choice % 2 === 0) this.#authors[at] = author.branch(number);
    this.signed.push(signed.bytes);
    if (source.u8() < 192) this.deliver(signed.bytes);
  }

  deliver(bytes: Bytes): void {
    const verdict = this.membership.add(bytes);
    const what = verdict.type === 'refused' ? verdict.reason : verdict.type;
    this.signs.add(verdict.type === 'fork' ? `fork ${String(verdict.replaced)}` : what);
  }

  /** An author's number, its own secret among them; what it refers to need not be there. */
  #body(source: Source, by: number): ActBody {
    const secret = `${String(source.u8() % 4 === 0 ? 0 : by)} ${String(source.below(SECRETS))}`;
    const whom = source.below(NAMES.length);
    switch (source.below(6)) {
      case 0:
        return { type: 'leave' };
      case 1:
        return this.#removal(source, whom);
      case 2:
      case 3:
        return inviteBody(secret, 1 + source.below(3), suite);
      default: {
        const name = NAMES[source.below(NAMES.length)] ?? 'attic';
        return admitBody(this.founding.cluster, person(NAMES[whom] ?? 'pi'), name, secret, suite);
      }
    }
  }

  #removal(source: Source, whom: number): ActBody {
    const { identity, chain = [] } = this.#authors[whom] ?? this.founding;
    const last = source.below(chain.length + 2);
    const lastHash = last === 0 ? ZEROS : (chain[last - 1]?.hash ?? new Uint8Array(32).fill(7));
    return { type: 'remove', id: identity.id, last, lastHash };
  }
}

export const ledger: Target = {
  name: 'ledger',
  title: 'signed acts by anybody, in any order: forks, removals, leaves, admissions',
  covers: /src\/core\/(ledger|pins|standing|membership|names)\.ts$/,
  lengthMax: 240,
  seeds: () => {
    const admissions = [1, 2, 3, 4, 5].flatMap((whom) => [
      ...[0, 0, 1, 0, whom, 2, 0, 0],
      ...[0, 0, 1, 0, whom, 4, whom, 0],
    ]);
    const forks = [0, 200, 1, 1, 2, 2, 0, 0, 1, 0, 1, 1, 2, 2, 1, 0, 1, 161, 1, 1, 2, 0, 0];
    return [admissions, [...admissions, ...forks], forks].map((octets) => Uint8Array.from(octets));
  },
  run: (input) => {
    const source = new Source(input);
    const story = new Story();
    for (let turn = 0; turn < ACTS_MAX && !source.done; turn += 1) {
      const again = story.signed[source.u8() % (4 * story.signed.length + 4)];
      if (again !== undefined) story.deliver(again);
      story.sign(source);
    }
    const { membership } = story;
    must(membership.get(person('attic').id) !== undefined, 'the founder is gone');
    // What is stored is read back, and makes the same members.
    const stored = membership.all();
    const again = new Membership(suite, person('attic').id, stored);
    must(sameValue(outcome(again), outcome(membership)), 'other members after a restart');
    const names = membership.members().map(({ name }) => name);
    must(new Set(names).size === names.length, 'two members of one name');
    const sizes = [`${String(names.length)} members`, `${String(stored.length >> 2)} acts`];
    return [...story.signs, ...sizes];
  },
};
