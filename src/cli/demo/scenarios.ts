/** What happens in the demo: who is moved, and whereto. */

import type { Ground } from './ground.ts';
import type { Spot } from './messages.ts';

/** The daemons, in the order in which they join; the first founds the cluster. */
export const NAMES: readonly string[] = ['attic', 'cellar', 'garage', 'pi', 'shed'];

/** One scenario: who moves at the same time, and whether they take each other's place. */
export interface Scenario {
  readonly title: string;
  readonly movers: readonly string[];
  readonly swap: boolean;
}

/** In the order shown. The founder, through whom all others joined, is no exception. */
export const SCENARIOS: readonly Scenario[] = [
  { title: 'one moves', movers: ['pi'], swap: false },
  { title: 'two at once', movers: ['attic', 'cellar'], swap: false },
  { title: 'all but one', movers: ['attic', 'cellar', 'garage', 'shed'], swap: false },
  { title: 'two swap places', movers: ['garage', 'pi'], swap: true },
];

/** One daemon's move. */
export interface Move {
  readonly name: string;
  readonly from: Spot;
  readonly to: Spot;
}

/** Keeps who is where. */
export class Whereabouts {
  readonly #ground: Ground;
  readonly #spots = new Map<string, Spot>();
  readonly #moves = new Map<string, number>();

  constructor(ground: Ground) {
    this.#ground = ground;
    NAMES.forEach((name, index) => this.#spots.set(name, ground.spot(index, 0)));
  }

  /** Where this daemon is. */
  of(name: string): Spot {
    return this.#spots.get(name) ?? this.#ground.spot(NAMES.indexOf(name), 0);
  }

  /** The moves of a scenario; from then on this is where they are. */
  plan({ movers, swap }: Scenario): readonly Move[] {
    const moves = movers.map((name, index) => {
      const to = swap ? this.of(movers[(index + 1) % movers.length] ?? name) : this.#next(name);
      return { name, from: this.of(name), to };
    });
    for (const { name, to } of moves) this.#spots.set(name, to);
    return moves;
  }

  /** A spot nobody has been at. */
  #next(name: string): Spot {
    const moves = (this.#moves.get(name) ?? 0) + 1;
    this.#moves.set(name, moves);
    return this.#ground.spot(NAMES.indexOf(name), moves);
  }
}

/** A spot as people write it. */
export function written({ ip, port }: Spot): string {
  return `${ip}:${String(port)}`;
}
