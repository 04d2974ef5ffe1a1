/**
 * yggdrasil: an IPv6 overlay that routes over whatever peerings there are. docs/rivals.md says why
 * it is configured as it is.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deviceServes, Echoes } from './overlay.mjs';
import { Programs, tool } from './program.mjs';

const PORT = 9_001;
const DEVICE = 'ygg0';

export class Yggdrasil {
  static title = 'yggdrasil';
  static command = 'yggdrasil';
  static packages = ['yggdrasil'];

  static version() {
    return tool(['dpkg-query', '-W', '-f', '${Version}', 'yggdrasil'], '/');
  }

  /** It looks after its peerings every few seconds. */
  periodMs = 10_000;

  constructor(lab, folder) {
    this.lab = lab;
    this.folder = folder;
    this.programs = new Programs(lab, folder);
  }

  async setup() {
    const indexes = Array.from({ length: this.lab.nodes }, (_, index) => index);
    const overlay = indexes.map((index) => {
      const made = JSON.parse(tool(['yggdrasil', '-genconf', '-json'], '/'));
      const others = indexes.filter((other) => other !== index);
      const configuration = {
        ...made,
        Peers: others.map((other) => this.peering(other)),
        Listen: [`tcp://0.0.0.0:${PORT}`],
        // The nodes share no LAN.
        MulticastInterfaces: [],
        IfName: DEVICE,
        AdminListen: `unix://${this.admin(index)}`,
      };
      writeFileSync(this.file(index), JSON.stringify(configuration));
      return tool(['yggdrasil', '-useconffile', this.file(index), '-address'], '/').trim();
    });
    this.echoes = new Echoes(this.programs, overlay);
    // The lab has no IPv6 outside; the overlay's own device must.
    const open = ['sysctl', '-qw', 'net.ipv6.conf.default.disable_ipv6=0'];
    await Promise.all(indexes.map((index) => this.lab.run(index, open)));
  }

  async start(index) {
    const argv = ['yggdrasil', '-useconffile', this.file(index)];
    await this.programs.start(index, argv, () => deviceServes(this.lab, index, DEVICE));
  }

  watch() {
    this.echoes.watch();
  }

  /** Nothing to do: peerings that broke are dialled again by themselves. */
  async moved() {}

  /** A human adds a peering at run time. */
  async hint(index, other) {
    const words = ['addPeer', `uri=${this.peering(other)}`];
    const endpoint = `-endpoint=unix://${this.admin(index)}`;
    await this.lab.run(index, ['yggdrasilctl', endpoint, ...words]);
  }

  works(one, other, sinceMs) {
    return this.echoes.works(one, other, sinceMs);
  }

  stop(index) {
    return this.programs.stop(index);
  }

  peering(other) {
    return `tcp://${this.lab.address(other)}:${PORT}`;
  }

  file(index) {
    return join(this.folder, `n${index}.conf`);
  }

  admin(index) {
    return join(this.folder, `n${index}.sock`);
  }
}
