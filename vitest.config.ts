import { defineConfig } from 'vitest/config';

// Rule R1: no test, and nothing under test, reads this machine's own addresses.
const setupFiles = ['test/setup/no-interfaces.mjs'];
const realSockets = ['real', 'lab', 'v1'].map((folder) => `test/${folder}/**/*.test.ts`);

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          // Everything that is not named below, so that no new folder goes unrun.
          include: ['test/**/*.test.ts'],
          exclude: realSockets,
          setupFiles,
          // Whole simulated clusters live here; a fast machine needs a tenth of this.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'real',
          include: realSockets,
          setupFiles,
          // Daemons and namespaces share this machine's ports and cores: one file at a time.
          fileParallelism: false,
          testTimeout: 120_000,
          // A free port may be somebody else's a moment later: the system hands them out at random.
          retry: 1,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
