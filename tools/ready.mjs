/**
 * Makes a checkout ready to run: installs the dependencies when they are missing or older than
 * the lock file, builds when dist/ is missing or older than the sources. Says what it does in a
 * line each on standard error, and nothing when there is nothing to do.
 *
 * Runs before anything is installed, so it uses what comes with Node alone.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

// npm writes this file at the end of each install.
if (isOlder('node_modules/.package-lock.json', ['package-lock.json'])) {
  say('installing what is needed (npm ci), a minute at most …');
  npm(['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
}
if (isOlder('dist/cli/main.js', ['src', 'package-lock.json', 'tools/build.mjs'])) {
  say('building …');
  run(process.execPath, [join(root, 'tools', 'build.mjs')]);
}

/**
 * Whether `made` is missing or older than the newest file or folder in `sources`.
 * @param {string} made
 * @param {string[]} sources
 */
function isOlder(made, sources) {
  const path = join(root, made);
  if (!existsSync(path)) return true;
  return Math.max(...sources.map((source) => newest(join(root, source)))) > statSync(path).mtimeMs;
}

/**
 * The latest change within a file or folder; a folder's own time tells of deleted files.
 * @param {string} path
 * @returns {number} milliseconds since 1970
 */
function newest(path) {
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

/**
 * Runs npm's own script with this very Node, which needs no shell on any platform.
 * @param {string[]} args
 */
function npm(args) {
  const beside = dirname(process.execPath);
  const script = [
    process.env['npm_execpath'] ?? '',
    join(beside, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(beside, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  ].find((path) => basename(path) === 'npm-cli.js' && existsSync(path));
  if (script !== undefined) run(process.execPath, [script, ...args]);
  else run('npm', args, process.platform === 'win32');
}

/**
 * Runs a command with its output on standard error; ends this process when it fails.
 * @param {string} command
 * @param {string[]} args
 */
function run(command, args, shell = false) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    shell,
    stdio: ['ignore', 2, 2],
  });
  if (status === 0) return;
  say(`failed: ${command} ${args.join(' ')}${error === undefined ? '' : `: ${error.message}`}`);
  process.exit(1);
}

/** @param {string} line */
function say(line) {
  process.stderr.write(`flotilla: ${line}\n`);
}
