/**
 * A node of the lab with an /etc and a /run of its own, so that resolvers can be installed there as
 * on a machine of its own. What is changed there is seen by nobody else, and gone with the lab.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Lab } from './lab.ts';

/** A copy of /etc, of what may be read of it, in memory; and an empty /run. */
const FURNISH = [
  'set -e',
  'mount -t tmpfs tmpfs /run',
  'mkdir -p /run/etc /run/dbus /run/systemd/resolve',
  'cp -r /etc/. /run/etc 2>/dev/null || :',
  'mount --bind /run/etc /etc',
  'echo ready',
  'exec sleep infinity',
].join('\n');

export class House {
  private readonly lab: Lab;
  private readonly index: number;
  private readonly pid: number;
  private readonly children = new Set<ChildProcess>();

  private constructor(lab: Lab, index: number, pid: number) {
    this.lab = lab;
    this.index = index;
    this.pid = pid;
  }

  /** Rejects when it can't be made here. */
  static async open(lab: Lab, index: number): Promise<House> {
    const argv = ['unshare', '--mount', 'sh', '-c', FURNISH];
    const child = lab.spawn(index, argv, ['ignore', 'pipe', 2]);
    const [said] = (await Promise.race([
      child.stdout === null ? [] : once(child.stdout, 'data'),
      once(child, 'exit').then(() => []),
    ])) as [unknown?];
    if (said === undefined || child.pid === undefined) throw new Error('no /etc of its own');
    return new House(lab, index, child.pid);
  }

  /** Runs a program in it and gives its output; rejects when it fails. */
  run(argv: readonly string[], input = ''): Promise<string> {
    return this.lab.run(this.index, this.inside(argv), input);
  }

  /** Starts a program in it, which ends with the house. What it says is said on. */
  spawn(argv: readonly string[]): void {
    const child = this.lab.spawn(this.index, this.inside(argv), ['ignore', 'ignore', 2]);
    this.children.add(child);
    child.once('exit', () => this.children.delete(child));
  }

  /** Ends every program in it. */
  async close(): Promise<void> {
    const ends = [...this.children].map(async (child) => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    });
    await Promise.all(ends);
  }

  /** Writes a file, and the folders it is in. */
  async write(path: string, ...lines: readonly string[]): Promise<void> {
    const script = 'mkdir -p "$(dirname "$0")" && rm -f "$0" && cat > "$0"';
    await this.run(['sh', '-c', script, path], lines.map((line) => `${line}\n`).join(''));
  }

  /** Every file and folder of /etc, each with a sum of what is in it. */
  inventory(): Promise<string> {
    const script = '(find /etc -type d; find /etc -type f -exec sha256sum {} +) | sort';
    return this.run(['sh', '-c', script]);
  }

  /** The addresses that the C library finds for a name, in the way any program does. */
  async lookUp(name: string): Promise<readonly string[]> {
    const lines = await this.run(['getent', 'ahosts', name]).catch(() => '');
    return [...new Set(lines.split('\n').flatMap((line) => line.split(/\s+/)[0] || []))];
  }

  private inside(argv: readonly string[]): string[] {
    return ['nsenter', `--target=${String(this.pid)}`, '--mount', '--', ...argv];
  }
}
