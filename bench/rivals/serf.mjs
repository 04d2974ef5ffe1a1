/**
 * serf: gossip that knows each member's address and whether it is alive. docs/rivals.md says why
 * it is configured as it is.
 */
import { join } from 'node:path';
import { Programs, tool } from './program.mjs';

/** Between two looks at an agent's members, in ms; it costs the agent next to nothing. */
const LOOK_PERIOD = 100;
/** Its defaults; others let two of them run on one node. */
const PORT = 7_946;
const RPC_PORT = 7_373;
/** `RestartSec` of Debian's unit, whose `Restart` is `always`; in ms. */
const REVIVED_AFTER = 10_000;

export class Serf {
  static title = 'serf';
  static command = 'serf';
  static packages = ['serf'];

  static version() {
    return /v?(\d\S*)/.exec(tool(['dpkg-query', '-W', '-f', '${Version}', 'serf'], '/'))?.[1];
  }

  /** A probe goes out once a second. */
  periodMs = 1_000;

  constructor(lab, folder, { profile = 'lan', port = PORT, rpcPort = RPC_PORT } = {}) {
    this.lab = lab;
    this.folder = folder;
    this.profile = profile;
    this.port = port;
    this.rpcPort = rpcPort;
    this.programs = new Programs(lab, folder);
    this.views = [];
  }

  /** Where each node was when the cluster was set up: what its operator wrote down. */
  async setup() {
    this.first = Array.from({ length: this.lab.nodes }, (_, index) => this.lab.address(index));
  }

  async start(index) {
    const others = this.first.filter((_, other) => other !== index);
    const argv = [
      ...['serf', 'agent', `-node=n${index}`, `-bind=0.0.0.0:${this.port}`],
      `-advertise=${this.lab.address(index)}:${this.port}`,
      ...[`-profile=${this.profile}`, `-rpc-addr=127.0.0.1:${this.rpcPort}`],
      ...[`-snapshot=${join(this.folder, `n${index}.snapshot`)}`, '-rejoin'],
      ...others.map((host) => `-retry-join=${host}:${this.port}`),
      '-retry-interval=2s',
    ];
    const ready = /Agent starting|agent running/;
    const before = this.programs.log(index).length;
    await this.programs.start(index, argv, () =>
      Promise.resolve(ready.test(this.programs.log(index).slice(before))),
    );
    // An agent that finds its name taken by its own former address quits.
    this.programs.revive(index, REVIVED_AFTER, () => this.start(index));
  }

  watch() {
    for (let index = 0; index < this.lab.nodes; index += 1) {
      this.programs.watch(
        index,
        ['serf-members.mjs', String(LOOK_PERIOD), String(this.rpcPort)],
        (view) => {
          this.views[index] = view;
        },
      );
    }
  }

  /** The operator's hook: the address that an agent advertises is fixed when it starts. */
  async moved(index) {
    // SIGINT: a graceful leave, without which the others keep the old address for a day.
    await this.programs.stop(index, 'SIGINT');
    await this.start(index);
  }

  /** A human says where another node is. */
  async hint(index, other) {
    await this.lab.run(index, [
      'serf',
      'join',
      `-rpc-addr=127.0.0.1:${this.rpcPort}`,
      `${this.lab.address(other)}:${this.port}`,
    ]);
  }

  works(one, other) {
    const [status, host] = this.views[one]?.[`n${other}`] ?? [];
    return status === 'alive' && host === this.lab.address(other);
  }

  /** How often the agents have said so far that a member failed, or may have. */
  verdicts() {
    const logs = Array.from({ length: this.lab.nodes }, (_, index) => this.programs.log(index));
    const count = (pattern) => logs.reduce((sum, log) => sum + log.split(pattern).length - 1, 0);
    return { lost: count('EventMemberFailed:'), suspect: count('memberlist: Suspect ') };
  }

  stop(index) {
    this.views[index] = undefined;
    return this.programs.stop(index);
  }
}
