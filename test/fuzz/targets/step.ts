/** The whole machine: octets become a story of datagrams, commands, disk and time. */
import type { Bytes } from '../../../src/base/bytes.ts';
import { concat } from '../../../src/base/bytes.ts';
import { play } from '../step/happenings.ts';
import { Source } from '../step/source.ts';
import { World } from '../step/world.ts';
import { xRay } from '../step/x-ray.ts';
import type { Target } from './target.ts';

/** One in so many executions is looked into: that costs as much as running it. */
const LOOKED_INTO = 8;

/** Plays an input to its end; `look` also measures what the machine holds. */
export function playStep(input: Bytes, look: boolean): World {
  const source = new Source(input);
  const who = source.pick(['founder', 'joined', 'founder', 'alone']);
  const choice = source.u8();
  const disk = choice % 64 < 48 ? 'works' : 'slow';
  const world = new World({ who, knowsPlaces: choice < 192, disk });
  // Members answer, paths are proven; the story begins in peace or at the start.
  world.pass(source.pick([2_000, 0, 20_000]));
  play(world, source);
  world.pass(1_000);
  world.check();
  world.checkDocuments();
  if (look) xRay(world.node, world.puppets.length + 4);
  return world;
}

/** Six greetings, each of a member that has just lost its keys. */
const GREETINGS = Array.from({ length: 6 }, () => [4, 1, 0, 0, 21, 1, 0, 0, 0, 12, 1]).flat();
/** Nine records of one member a second apart, of six addresses each. */
const RECORDS = Array.from({ length: 9 }, (_, at) => [8, 1, 2, 0, 6, 6 * at, 0, 1, 12]).flat();
/** An operator's hints, more of them than a history remembers. */
const HINTS = Array.from({ length: 48 }, (_, at) => [18, 1, 1, 5 + at]).flat();
const INVITE = [18, 0, 0, 0, 0, 0];
/** All members change their ways at once: off, on, or seeing the machine somewhere else. */
const all = (way: number): number[] => [0, 1, 2, 3].flatMap((who) => [10, who, way]);
const TAG = [18, 0, 2, 1, 107, 2];

/** Stories that chance would take long to tell. */
const STORIES: readonly (readonly number[])[] = [
  [1, 20, 10, 1, 0, 11, 1, 4, 1, 100, 21, 1, 7, 0, 0],
  [...INVITE, 19, 3, 0, 0, 5, 0, 19, 3, 0, 2, 0, 10, 0, 1, 9],
  [8, 1, 2, 0, 1, 3, 2, 9, 0, 1, 0, 2, 1, 17, 0, 1, 30],
  [14, 1, 9, 1, 1, 0, 2, 18, 1, 2, 3, 17, 1, 14, 0, 1, 50],
  [20, 3, 7, 1, 0, 1, 1, 50, 6, 9, 0, 7, 3, 4, 9, 1, 5, 4, 9, 9, 9, 9, 0, 0],
  // An invite is asked for before it is on disk; the power fails, and another is made.
  [14, 1, ...INVITE, 2, 1, 0, 1, 1, 5, 3, 0, 0, 17, 0, ...INVITE, 1, 20],
  // After a crash a tag comes before the first vote, so the first record is another one.
  [...all(0), 17, 0, ...TAG, ...all(1), 1, 50],
  // Three records are told before the disk has their numbers, and the power fails.
  [...all(97), 1, 20, ...all(101), 1, 20, ...all(105), 1, 20, 17, 0, ...TAG, 1, 20],
  [25, 1, 2, 1, 0, 5, 1, 0, 0, 100, 25, 0, 2, 0, 1, 9, 7, 200, 1, 100],
  GREETINGS,
  RECORDS,
  HINTS,
];

export const step: Target = {
  name: 'step',
  title: 'the whole machine: datagrams, commands, disk, clocks, crashes',
  covers: /src\/core\/.*\.ts$/,
  lengthMax: 400,
  seeds: () => {
    const peace = Uint8Array.of(0, 0, 0);
    const slowDisk = Uint8Array.of(0, 50, 0);
    return STORIES.flatMap((story) =>
      [peace, slowDisk].map((head) => concat(head, Uint8Array.from(story))),
    );
  },
  run: (input) => {
    const look = input.reduce((sum, octet) => sum + octet, 0) % LOOKED_INTO === 0;
    return [...playStep(input, look).signs];
  },
};
