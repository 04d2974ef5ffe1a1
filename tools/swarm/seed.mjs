import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The first seed where there is no commit to take one from. */
const NO_COMMIT = 1;

/** The first seed comes from the commit, so that each commit looks at other worlds. */
export function commitSeed() {
  try {
    const stdio = ['ignore', 'pipe', 'ignore'];
    const head = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8', stdio });
    return Number.parseInt(head.slice(0, 8), 16);
  } catch {
    return NO_COMMIT;
  }
}
