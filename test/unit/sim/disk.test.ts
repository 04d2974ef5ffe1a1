import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src/base/random.ts';
import { instant } from '../../../src/base/time.ts';
import type { DocumentName } from '../../../src/core/documents.ts';
import { VirtualDisk, type DiskOwner } from '../../../src/sim/disk.ts';
import { Timeline } from '../../../src/sim/timeline.ts';

interface Scene {
  readonly disk: VirtualDisk;
  readonly owner: DiskOwner;
  readonly saved: number[];
  readonly failed: number[];
  value: number;
  run(until: number): void;
}

function scene(seed = 1): Scene {
  const timeline = new Timeline();
  const saved: number[] = [];
  const failed: number[] = [];
  const made: Scene = {
    disk: new VirtualDisk(timeline, new SeededRandom(seed)),
    owner: {
      document: (name: DocumentName) => ({ name, value: made.value }),
      saved: (ticket) => void saved.push(ticket),
      saveFailed: (ticket) => void failed.push(ticket),
    },
    saved,
    failed,
    value: 1,
    run: (until) => {
      while (timeline.next(instant(until)));
    },
  };
  return made;
}

describe('a virtual disk', () => {
  it('keeps what was written when the machine is told so', () => {
    const { disk, owner, saved, run } = scene();
    disk.save(owner, 'cluster', 1, true);
    expect(disk.read('cluster')).toBeUndefined();
    run(100);
    expect(saved).toEqual([1]);
    expect(disk.read('cluster')).toEqual({ name: 'cluster', value: 1 });
  });

  it('writes a document as it is when the write begins', () => {
    const made = scene();
    made.disk.save(made.owner, 'book', 1, false);
    made.value = 2;
    made.run(1_000);
    expect(made.disk.read('book')).toEqual({ name: 'book', value: 2 });
  });

  it('puts writes together that nobody waits for, and answers with the last ticket', () => {
    const { disk, owner, saved, run } = scene();
    disk.save(owner, 'book', 1, false);
    disk.save(owner, 'cluster', 2, false);
    disk.save(owner, 'book', 3, true);
    run(2_000);
    expect(saved).toEqual([3]);
    expect(disk.read('cluster')).toBeDefined();
  });

  it('begins another write for what was asked for during one', () => {
    const made = scene();
    made.disk.save(made.owner, 'book', 1, true);
    made.value = 2;
    made.disk.save(made.owner, 'book', 2, true);
    made.run(1_000);
    expect(made.saved).toEqual([1, 2]);
    expect(made.disk.read('book')).toEqual({ name: 'book', value: 2 });
  });

  it('holds the old file or the new one after a power cut in the middle of a write', () => {
    const outcomes = new Set<unknown>();
    for (let seed = 0; seed < 20; seed += 1) {
      const made = scene(seed);
      made.disk.put('book', 'old');
      made.disk.save(made.owner, 'book', 1, true);
      made.disk.cutPower();
      made.run(1_000);
      expect(made.saved).toEqual([]);
      outcomes.add(JSON.stringify(made.disk.read('book')));
    }
    expect(outcomes).toEqual(new Set(['"old"', '{"name":"book","value":1}']));
  });

  it('loses what was asked for and not begun when power is cut', () => {
    const { disk, owner, saved, run } = scene();
    disk.save(owner, 'book', 1, false);
    disk.cutPower();
    run(2_000);
    expect(saved).toEqual([]);
    expect(disk.read('book')).toBeUndefined();
  });

  it('never answers with a ticket of a life before the power cut', () => {
    const { disk, owner, saved, run } = scene();
    disk.save(owner, 'book', 9, true);
    disk.cutPower();
    disk.save(owner, 'book', 1, true);
    run(1_000);
    expect(saved).toEqual([1]);
  });

  it('keeps the old file and says so while there is no space, and goes on trying', () => {
    const { disk, owner, saved, failed, run } = scene();
    disk.put('book', 'old');
    disk.full = true;
    disk.save(owner, 'book', 7, true);
    run(1_500);
    expect(saved).toEqual([]);
    expect(failed).toEqual([7, 7]);
    expect(disk.read('book')).toBe('old');
    disk.full = false;
    run(3_000);
    expect(saved).toEqual([7]);
  });

  it('says saved for a later ticket only when what failed before is on disk as well', () => {
    const { disk, owner, saved, run } = scene();
    disk.full = true;
    disk.save(owner, 'cluster', 1, true);
    run(50);
    disk.full = false;
    disk.save(owner, 'book', 2, true);
    run(100);
    expect(saved).toEqual([2]);
    expect(disk.read('cluster')).toEqual({ name: 'cluster', value: 1 });
  });

  it('goes back to the files of a snapshot', () => {
    const { disk, owner, run } = scene();
    disk.put('book', 'old');
    const files = disk.contents();
    disk.save(owner, 'book', 1, true);
    run(100);
    disk.restore(files);
    expect(disk.read('book')).toBe('old');
  });
});
