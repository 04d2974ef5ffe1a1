/**
 * tinc 1.0: a mesh of tunnels whose daemons tell each other of all. docs/rivals.md says why it is
 * configured as it is.
 */
import { mkdirSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deviceServes, Echoes } from './overlay.mjs';
import { madeFiles, Programs, tool } from './program.mjs';

const DEVICE = 'tinc0';
/** The files of each node's key pair by name, made once for all runs of this process. */
const keys = [];

export class Tinc {
  static title = 'tinc';
  static command = 'tincd';
  static packages = ['tinc'];

  static version() {
    return tool(['dpkg-query', '-W', '-f', '${Version}', 'tinc'], '/');
  }

  /** `PingInterval` is 60 s; a run need not wait for all of it. */
  periodMs = 30_000;

  constructor(lab, folder, settings = {}) {
    this.lab = lab;
    this.folder = folder;
    this.settings = settings;
    this.programs = new Programs(lab, folder);
    const overlay = Array.from({ length: lab.nodes }, (_, index) => overlayOf(index));
    this.echoes = new Echoes(this.programs, overlay);
  }

  async setup() {
    const indexes = Array.from({ length: this.lab.nodes }, (_, index) => index);
    for (const index of indexes) keys[index] ??= makeKey(index);
    for (const index of indexes) {
      const home = this.home(index);
      mkdirSync(join(home, 'hosts'), { recursive: true });
      const secret = keys[index].get('rsa_key.priv');
      writeFileSync(join(home, 'rsa_key.priv'), secret, { mode: 0o600 });
      const others = indexes.filter((other) => other !== index);
      const lines = [
        ...[`Name = n${index}`, `Interface = ${DEVICE}`],
        ...others.map((other) => `ConnectTo = n${other}`),
        ...Object.entries(this.settings).map(([name, value]) => `${name} = ${value}`),
      ];
      writeFileSync(join(home, 'tinc.conf'), `${lines.join('\n')}\n`);
      const up = [
        '#!/bin/sh',
        `ip addr add ${overlayOf(index)}/24 dev $INTERFACE`,
        'ip link set $INTERFACE up',
      ];
      writeFileSync(join(home, 'tinc-up'), `${up.join('\n')}\n`, { mode: 0o755 });
      for (const other of indexes) this.writeHost(index, other);
    }
  }

  async start(index) {
    const argv = [
      ...['tincd', '-c', this.home(index), '-D', '-d1'],
      `--pidfile=${join(this.home(index), 'pid')}`,
    ];
    await this.programs.start(index, argv, () => deviceServes(this.lab, index, DEVICE));
  }

  watch() {
    this.echoes.watch();
  }

  /** What Debian's own hook in /etc/network/if-up.d does: try all uplinks now. */
  async moved(index) {
    this.programs.signal(index, 'SIGALRM');
  }

  /** A human writes another node's address into its host file and has all uplinks tried. */
  async hint(index, other) {
    this.writeHost(index, other);
    this.programs.signal(index, 'SIGHUP');
    this.programs.signal(index, 'SIGALRM');
  }

  works(one, other, sinceMs) {
    return this.echoes.works(one, other, sinceMs);
  }

  stop(index) {
    return this.programs.stop(index);
  }

  home(index) {
    return join(this.folder, `n${index}`);
  }

  writeHost(index, other) {
    const key = keys[other].get('rsa_key.pub');
    const lines = [`Address = ${this.lab.address(other)}`, `Subnet = ${overlayOf(other)}/32`, key];
    writeFileSync(join(this.home(index), 'hosts', `n${other}`), `${lines.join('\n')}\n`);
  }
}

function overlayOf(index) {
  return `10.98.0.${index + 1}`;
}

function makeKey(index) {
  return madeFiles((folder) => {
    const hosts = join(folder, 'hosts');
    mkdirSync(hosts);
    writeFileSync(join(folder, 'tinc.conf'), `Name = n${index}\n`);
    tool(['tincd', '-c', folder, '-K2048'], folder);
    renameSync(join(hosts, `n${index}`), join(folder, 'rsa_key.pub'));
    rmdirSync(hosts);
  });
}
