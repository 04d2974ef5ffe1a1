/** Are the rivals' programs here? As root on Debian, they are brought. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/**
 * Makes sure that each rival's program can be called; throws with what is missing and what helps.
 * @param {ReadonlyArray<{ command: string, packages: readonly string[] }>} rivals
 */
export function requireRivals(rivals) {
  let missing = rivals.filter(({ command }) => !onPath(command));
  if (missing.length > 0 && process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
    const names = missing.flatMap(({ packages }) => packages);
    process.stderr.write(`installing Debian packages: ${names.join(' ')}\n`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const options = { stdio: ['ignore', 'ignore', 'inherit'], env };
    spawnSync('apt-get', ['-q', 'update'], options);
    spawnSync('apt-get', ['-q', '-y', '--no-install-recommends', 'install', ...names], options);
    missing = missing.filter(({ command }) => !onPath(command));
  }
  if (missing.length === 0) return;
  const names = missing.flatMap(({ packages }) => packages).join(' ');
  throw new Error(`not installed: ${names}; on Debian: apt-get install ${names}`);
}

function onPath(command) {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];
  return folders.some((folder) => folder !== '' && existsSync(`${folder}/${command}`));
}
