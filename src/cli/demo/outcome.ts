/** What a demo came to: `demo --json`, schema 1, and the table at its end. */

import type { Palette } from '../output/paint.ts';
import { header, table, type Cell } from '../output/table.ts';
import { count, list } from '../output/words.ts';

/** One daemon's move. */
export interface MovedOutcome {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /**
   * What its machine was given from the move to the heal, by type of input: none of them says that
   * something changed, which is the point of the demo.
   */
  readonly inputs: Readonly<Record<string, number>>;
}

/** One scenario. `healMs` is null when it did not heal in time. */
export interface Outcome {
  readonly scenario: string;
  readonly moved: readonly MovedOutcome[];
  readonly healMs: number | null;
  readonly verdict: 'healed' | 'not healed';
}

/** `demo --json`. */
export interface DemoDocument {
  readonly schema: 1;
  readonly changing: 'address' | 'port';
  readonly nodes: number;
  readonly scenarios: readonly Outcome[];
}

/** The table at the end. */
export function outcomeTable(outcomes: readonly Outcome[], palette: Palette): readonly string[] {
  const titles = header(['SCENARIO', 'MOVED', 'HEALED IN', 'VERDICT'], palette.quiet);
  return table([titles, ...outcomes.map((outcome) => row(outcome, palette))]);
}

function row({ scenario, moved, healMs, verdict }: Outcome, palette: Palette): readonly Cell[] {
  const paint = healMs === null ? palette.bad : palette.good;
  return [
    scenario,
    list(moved.map(({ name }) => name)),
    healMs === null ? '-' : seconds(healMs),
    { text: verdict, paint },
  ];
}

/** A time since a move: hundredths of a second are what differs. */
export function seconds(ms: number): string {
  return `${(Math.max(0, ms) / 1_000).toFixed(2)} s`;
}

/** Inputs in words; all other types stand under their own name. */
const INPUTS: Readonly<Record<string, string>> = {
  datagram: 'datagram',
  wake: 'timer',
  saved: 'confirmed write',
  'socket-opened': 'opened socket',
};

/** What the machines of those who moved were given until all was healed, in one sentence. */
export function proofOfSilence(outcomes: readonly Outcome[]): string {
  const sums = new Map<string, number>();
  for (const { inputs } of outcomes.flatMap(({ moved }) => moved)) {
    for (const [type, number] of Object.entries(inputs)) {
      sums.set(type, (sums.get(type) ?? 0) + number);
    }
  }
  const parts = [...sums].map(([type, number]) => count(number, INPUTS[type] ?? type));
  return `Nobody was told: the nodes that moved were given ${list(parts)}, and nothing else.`;
}
