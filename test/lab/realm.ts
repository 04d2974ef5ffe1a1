/**
 * Where network namespaces may be made: on this machine as root, or inside a user namespace of our
 * own, where anybody is root over the network namespaces made there and over nothing else.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';

/** What stands before each command so that it may make and enter namespaces; `close` ends it. */
export interface Realm {
  readonly kind: 'root' | 'user-namespace';
  readonly enter: readonly string[];
  readonly close: () => void;
}

/** Whether tests in namespaces can run here; `reason` says why not, and what would help. */
export type Ability = { readonly able: true } | { readonly able: false; readonly reason: string };

/** The programs of Debian's iproute2, nftables, procps and util-linux that the lab calls. */
const programs = ['ip', 'nft', 'sysctl', 'nsenter', 'unshare'];

/** This process's environment with the folders of system programs, which not every user has. */
export function systemEnv(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
}

/** Finds out once, by trying, whether namespaces can be made here. */
export function labAbility(): Ability {
  if (process.platform !== 'linux') return { able: false, reason: 'this is not Linux' };
  const missing = programs.filter((name) => !onPath(name));
  if (missing.length > 0) return { able: false, reason: `not installed: ${missing.join(', ')}` };
  const root = process.getuid?.() === 0;
  const words = root ? ['--net', '--mount'] : ['--user', '--map-root-user', '--net', '--mount'];
  const tried = spawnSync(
    'unshare',
    [...words, 'ip', 'link', 'add', 'name', 'x0', 'type', 'veth'],
    {
      env: systemEnv(),
      encoding: 'utf8',
    },
  );
  if (tried.status === 0) return { able: true };
  const advice = root
    ? 'this container lacks CAP_SYS_ADMIN'
    : 'run as root, or allow user namespaces';
  return { able: false, reason: `${tried.stderr.trim()} (${advice})` };
}

/** Opens the realm this user is entitled to. Rejects with the tool's own words. */
export async function openRealm(): Promise<Realm> {
  if (process.getuid?.() === 0) return { kind: 'root', enter: [], close: () => {} };
  // The mount hides the machine's own list of namespaces, which only root may write, behind a list
  // of ours. `cat` ends when this process does, and the realm with it.
  const script = 'mount -t tmpfs tmpfs /run && mkdir /run/netns && echo open && exec cat';
  const words = ['--user', '--map-root-user', '--net', '--mount', 'sh', '-c', script];
  const keeper = spawn('unshare', words, { env: systemEnv(), stdio: ['pipe', 'pipe', 'inherit'] });
  await opened(keeper);
  const target = ['--target', String(keeper.pid), '--user', '--net', '--mount'];
  return {
    kind: 'user-namespace',
    enter: ['nsenter', ...target, '--preserve-credentials', '--'],
    close: () => void keeper.stdin?.end(),
  };
}

function opened(keeper: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    keeper.stdout?.once('data', () => {
      resolve();
    });
    keeper.once('error', reject);
    keeper.once('exit', (code) => {
      reject(new Error(`no user namespace could be made (exit ${String(code)})`));
    });
  });
}

function onPath(name: string): boolean {
  const folders = (systemEnv()['PATH'] ?? '').split(':');
  return folders.some((folder) => folder !== '' && existsSync(`${folder}/${name}`));
}
