import type { NodeId } from '../../../src/base/id.ts';
import { nodeIdOf } from '../../../src/base/id.ts';
import { instant, millis, type Instant } from '../../../src/base/time.ts';
import type { DocumentName } from '../../../src/core/documents.ts';
import type { Effect, Input, Moment } from '../../../src/core/io.ts';
import type { MembersDocument } from '../../../src/core/view.ts';
import type { VirtualHost } from '../../../src/sim/host.ts';
import { FAIR } from '../../../src/sim/network.ts';
import type { Subject } from '../../../src/sim/subject.ts';
import { World } from '../../../src/sim/world.ts';

/** Answers an input with effects; what a test wants a machine to do. */
export type Script = (input: Input, moment: Moment) => readonly Effect[];

/** A machine that does what it is told and remembers what it was given. */
export class Scripted implements Subject {
  readonly id: NodeId;
  readonly got: { readonly moment: Moment; readonly input: Input }[] = [];
  readonly #script: Script;

  constructor(id: NodeId, script: Script) {
    this.id = id;
    this.#script = script;
  }

  /** The inputs of one kind, in their order. */
  inputs<T extends Input['type']>(type: T): Extract<Input, { type: T }>[] {
    return this.got
      .map(({ input }) => input)
      .filter((input): input is Extract<Input, { type: T }> => input.type === type);
  }

  step(moment: Moment, input: Input): readonly Effect[] {
    this.got.push({ moment, input });
    return this.#script(input, moment);
  }

  document(name: DocumentName): unknown {
    return { name, steps: this.got.length };
  }

  members(_now: Instant): MembersDocument {
    return { schema: 1, self: this.id, members: [] };
  }
}

/** A world with one scripted machine per script, switched off; `machines` fills as they start. */
export function worldOf(...scripts: readonly Script[]): {
  readonly world: World;
  readonly hosts: readonly VirtualHost[];
  /** The running machine of a host, in its newest life. */
  machine(index: number): Scripted;
} {
  const world = new World({ seed: 1, weather: FAIR, size: 2 });
  const machines: Scripted[] = [];
  const hosts = scripts.map((script, index) => {
    const id = nodeIdOf(new Uint8Array(32).fill(index + 1));
    const host = world.add({
      name: `machine-${String(index)}`,
      id,
      boot: () => (machines[index] = new Scripted(id, script)),
      nat: undefined,
      clock: { drift: 0, wallOffset: millis(0), origin: instant(1_000) },
      files: undefined,
    });
    world.readdress([[host, [world.pool.fresh()]]]);
    return host;
  });
  const machine = (index: number): Scripted => {
    const found = machines[index];
    if (found === undefined) throw new Error('that machine was never started');
    return found;
  };
  return { world, hosts, machine };
}

/** The first of a list that a test knows to be there. */
export function only<T>(list: readonly T[]): T {
  const [first] = list;
  if (first === undefined) throw new Error('a list is empty that should not be');
  return first;
}
