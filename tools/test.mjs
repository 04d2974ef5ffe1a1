/**
 * `npm test`: makes the checkout ready, runs the static checks and all tests, and ends with one
 * line of counts. Each static check counts as one. Under `CI=true` nothing may be skipped: a
 * missing program or a skipped test is a failure there.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { debianPackages, unpackedPackages } from './debian-packages.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const inCi = process.env['CI'] === 'true';
const total = { passed: 0, failed: 0, skipped: 0 };
/** @type {string[]} told again at the end, where one looks first */
const failures = [];

const ready = spawn(process.execPath, ['tools/ready.mjs'], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
});
const isReady = (await ended(ready)) === 0;
count('install and build', isReady);
if (isReady) {
  findPrograms();
  await Promise.all([
    staticCheck('format', [bin('prettier', 'bin/prettier.cjs'), '--check', '.']),
    staticCheck('lint', [bin('eslint', 'bin/eslint.js'), '--max-warnings', '0', '.']),
    staticCheck('types and layers', [bin('typescript', 'bin/tsc'), '-b']),
  ]);
  await vitest('unit');
  await vitest('real');
}
for (const failure of failures) console.log(`FAILED: ${failure}\n`);
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed > 0 ? 1 : 0;

/**
 * Runs one check as a Node program; its output is shown only when it fails.
 * @param {string} title
 * @param {string[]} args
 */
async function staticCheck(title, args) {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (output += text));
  }
  const code = await ended(child);
  if (code !== 0) console.log(output.trimEnd());
  count(title, code === 0);
}

/**
 * Runs one vitest project and adds its counts.
 * @param {string} project
 */
async function vitest(project) {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-counts-'));
  const file = join(folder, 'counts.json');
  const child = spawn(
    process.execPath,
    [
      bin('vitest', 'vitest.mjs'),
      ...['run', '--project', project, '--allowOnly=false'],
      ...['--reporter=default', '--reporter=./tools/vitest-counts.mjs'],
    ],
    {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, VITEST_COUNTS: file },
    },
  );
  const code = await ended(child);
  const counts = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  rmSync(folder, { recursive: true });
  total.passed += counts?.passed ?? 0;
  total.failed += counts?.failed ?? 0;
  for (const failure of counts?.failures ?? []) failures.push(`${project}: ${failure}`);
  for (const name of counts?.skippedNames ?? []) skip(`${project}: ${name}`);
  // Vitest itself failed, and no count tells of it.
  if (code !== 0 && !counts?.failed) count(`vitest ${project}`, false);
}

/** Looks for the programs that tests call; as root on Debian, installs what is missing. */
function findPrograms() {
  if (process.platform !== 'linux') {
    console.log('not Linux: tests in network namespaces skip themselves');
    return;
  }
  let missing = debianPackages.filter(({ command }) => !onPath(command));
  const mayInstall = process.getuid?.() === 0 && existsSync('/etc/debian_version');
  if (missing.length > 0 && mayInstall) {
    const names = missing.map(({ name }) => name);
    console.log(`installing Debian packages: ${names.join(' ')}`);
    // Tests start what they need by themselves; no service of the machine starts here and now.
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', SYSTEMD_OFFLINE: '1' };
    const options = { stdio: ['ignore', 'ignore', 'inherit'], env };
    spawnSync('apt-get', ['-q', 'update'], options);
    spawnSync('apt-get', ['-q', '-y', '--no-install-recommends', 'install', ...names], options);
    missing = missing.filter(({ command }) => !onPath(command));
  }
  for (const { name, command } of missing) skip(`tests that need ${command} (Debian's ${name})`);
  for (const { name, file } of unpackedPackages) {
    const there = existsSync(`/${file}`) || (mayInstall && unpack(name, file));
    if (!there) skip(`tests that need ${file} (Debian's ${name})`);
  }
}

/**
 * Unpacks a package where tests look for it, unless it is there.
 * @param {string} name
 * @param {string} file
 * @returns {boolean} whether it is there now
 */
function unpack(name, file) {
  const folder = join(root, 'node_modules', '.cache', 'debian', name);
  if (existsSync(join(folder, file))) return true;
  console.log(`unpacking the Debian package ${name}`);
  mkdirSync(folder, { recursive: true });
  /** @type {import('node:child_process').SpawnSyncOptions} */
  const options = { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] };
  spawnSync('apt-get', ['-q', 'download', name], options);
  for (const archive of readdirSync(folder).filter((one) => one.endsWith('.deb'))) {
    spawnSync('dpkg', ['-x', archive, '.'], options);
  }
  return existsSync(join(folder, file));
}

/**
 * Whether a program can be found; the sbin folders are not on every user's path.
 * @param {string} command
 */
function onPath(command) {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => folder !== '' && existsSync(join(folder, command)));
}

/**
 * A dependency's program, as the path of a script for this Node.
 * @param {string} dependency
 * @param {string} script
 */
function bin(dependency, script) {
  return join(root, 'node_modules', dependency, script);
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<number | null>} its exit code, null when a signal ended it
 */
function ended(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
}

/**
 * @param {string} title
 * @param {boolean} passed
 */
function count(title, passed) {
  total[passed ? 'passed' : 'failed'] += 1;
  if (!passed) failures.push(title);
  console.log(`${passed ? 'ok' : 'FAILED'}: ${title}`);
}

/** @param {string} what */
function skip(what) {
  total[inCi ? 'failed' : 'skipped'] += 1;
  if (inCi) failures.push(`skipped in CI: ${what}`);
  console.log(`${inCi ? 'FAILED (skipped in CI)' : 'skipped'}: ${what}`);
}
