/** A machine in memory, of which a test says what is on it and what programs answer. */
import { dirname } from 'node:path/posix';
import type { Machine, Outcome } from '../../../src/services/names/install/machine.ts';
import type { Command } from '../../../src/services/names/install/plan.ts';

export class FakeMachine implements Machine {
  platform = 'linux';
  readonly files = new Map<string, string>();
  readonly folders = new Set<string>();
  /** What was run, the words joined; `systemctl --version` left out. */
  readonly ran: string[] = [];
  /** Called before each program; what it gives is how the program ended. */
  answer: (words: string) => Outcome = () => ({ code: 0, output: '' });
  /** Paths below it may not be changed, as for a user who is not root. */
  locked: string | undefined;

  constructor(files: Readonly<Record<string, string>> = {}, folders: readonly string[] = []) {
    for (const [path, text] of Object.entries(files)) this.put(path, text);
    for (const folder of folders) this.folders.add(folder);
  }

  put(path: string, text: string): void {
    this.files.set(path, text);
    this.folders.add(dirname(path));
  }

  /** All there is, to compare before and after. */
  get everything(): unknown {
    return [[...this.files].sort(), [...this.folders].sort()];
  }

  readonly read = (path: string): Promise<string | undefined> =>
    Promise.resolve(this.files.get(path));

  readonly list = (folder: string): Promise<readonly string[] | undefined> => {
    if (!this.folders.has(folder)) return Promise.resolve(undefined);
    const paths = [...this.files.keys()].filter((path) => dirname(path) === folder);
    return Promise.resolve(paths.map((path) => path.slice(folder.length + 1)));
  };

  readonly write = (path: string, text: string): Promise<void> =>
    this.change(path, () => {
      if (!this.folders.has(dirname(path))) throw new Error(`no folder for ${path}`);
      this.files.set(path, text);
    });

  readonly remove = (path: string): Promise<void> =>
    this.change(path, () => this.files.delete(path));

  readonly makeFolder = (folder: string): Promise<void> =>
    this.change(folder, () => this.folders.add(folder));

  readonly removeFolder = (folder: string): Promise<void> =>
    this.change(folder, () => {
      const isEmpty = ![...this.files.keys()].some((path) => dirname(path) === folder);
      if (isEmpty) this.folders.delete(folder);
    });

  readonly run = (command: Command): Promise<Outcome> => {
    const words = command.join(' ');
    if (words === 'systemctl --version') {
      return Promise.resolve({ code: 0, output: `systemd ${String(this.systemd)} (made up)` });
    }
    this.ran.push(words);
    return Promise.resolve(this.answer(words));
  };

  systemd = 252;

  private change(path: string, act: () => unknown): Promise<void> {
    if (this.locked !== undefined && path.startsWith(this.locked)) {
      const error = new Error(`EACCES: permission denied, open '${path}'`);
      return Promise.reject(Object.assign(error, { code: 'EACCES' }));
    }
    act();
    return Promise.resolve();
  }
}

/** systemd-resolved answers this machine, and knows a server of an interface. */
export function withResolved(): FakeMachine {
  return new FakeMachine(
    {
      '/etc/resolv.conf': '# stub\nnameserver 127.0.0.53\noptions edns0\n',
      '/run/systemd/resolve/resolv.conf': 'nameserver 192.0.2.53\n',
      '/etc/systemd/resolved.conf': '[Resolve]\n#DNS=\n',
    },
    ['/run/systemd/system', '/etc/systemd'],
  );
}

/** dnsmasq answers this machine, as Debian installs it. */
export function withDnsmasq(): FakeMachine {
  return new FakeMachine(
    {
      '/etc/resolv.conf': 'nameserver 127.0.0.1\n',
      '/etc/default/dnsmasq': '# CONFIG_DIR=/elsewhere\nCONFIG_DIR=/etc/dnsmasq.d,.dpkg-dist\n',
      '/etc/dnsmasq.d/README': 'all files here are read\n',
    },
    ['/run/systemd/system'],
  );
}

/** unbound answers this machine, as Debian installs it. */
export function withUnbound(): FakeMachine {
  return new FakeMachine(
    {
      '/etc/resolv.conf': 'nameserver ::1\n',
      '/etc/unbound/unbound.conf.d/root-auto-trust-anchor-file.conf': 'server:\n',
    },
    ['/run/systemd/system'],
  );
}
