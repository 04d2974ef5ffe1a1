/**
 * nebula: an overlay network whose lighthouses know where everybody is. docs/rivals.md says why it
 * is configured as it is.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deviceServes, Echoes } from './overlay.mjs';
import { madeFiles, Programs, tool } from './program.mjs';

const PORT = 4_242;
const DEVICE = 'nebula1';
/** Certificates of one authority by file name, made once for all runs of this process. */
let keys;

export class Nebula {
  static title = 'nebula';
  static command = 'nebula';
  static packages = ['nebula'];

  static version() {
    return tool(['dpkg-query', '-W', '-f', '${Version}', 'nebula'], '/');
  }

  /** Its timers look after tunnels every 5 to 10 s. */
  periodMs = 10_000;

  constructor(lab, folder, { lighthouses = '1' } = {}) {
    this.lab = lab;
    this.folder = folder;
    this.lighthouses = Array.from({ length: Number(lighthouses) }, (_, index) => index);
    this.programs = new Programs(lab, folder);
    const overlay = Array.from({ length: lab.nodes }, (_, index) => overlayOf(index));
    this.echoes = new Echoes(this.programs, overlay);
  }

  async setup() {
    keys ??= makeKeys(20);
    for (const [name, bytes] of keys) writeFileSync(join(this.folder, name), bytes);
    const hosts = this.lighthouses.map((index) => [index, this.lab.address(index)]);
    for (let index = 0; index < this.lab.nodes; index += 1) this.write(index, hosts);
  }

  async start(index) {
    const argv = ['nebula', '-config', this.file(index)];
    await this.programs.start(index, argv, () => deviceServes(this.lab, index, DEVICE));
  }

  watch() {
    this.echoes.watch();
  }

  /** Nothing to do: nebula's packets say by themselves where they come from. */
  async moved() {}

  /** A human writes another node's address into the static host map, which SIGHUP reads again. */
  async hint(index, other) {
    this.hinted = [...(this.hinted ?? []), [other, this.lab.address(other)]];
    this.write(index, this.hinted);
    this.programs.signal(index, 'SIGHUP');
  }

  works(one, other, sinceMs) {
    return this.echoes.works(one, other, sinceMs);
  }

  stop(index) {
    return this.programs.stop(index);
  }

  file(index) {
    return join(this.folder, `n${index}.yml`);
  }

  write(index, hosts) {
    writeFileSync(this.file(index), this.configuration(index, hosts));
  }

  configuration(index, hosts) {
    const lighthouse = this.lighthouses.includes(index);
    const others = hosts.filter(([other]) => other !== index);
    const map = others.map(([other, host]) => `  "${overlayOf(other)}": ["${host}:${PORT}"]`);
    const asked = lighthouse ? [] : this.lighthouses.map((other) => `    - "${overlayOf(other)}"`);
    return [
      ...['pki:', `  ca: ${join(this.folder, 'ca.crt')}`],
      `  cert: ${join(this.folder, `n${index}.crt`)}`,
      `  key: ${join(this.folder, `n${index}.key`)}`,
      ...(map.length > 0 ? ['static_host_map:', ...map] : ['static_host_map: {}']),
      ...['lighthouse:', `  am_lighthouse: ${lighthouse}`, '  interval: 60'],
      ...(asked.length > 0 ? ['  hosts:', ...asked] : []),
      ...['listen:', '  host: 0.0.0.0', `  port: ${PORT}`],
      ...['punchy:', '  punch: true'],
      ...['tun:', `  dev: ${DEVICE}`],
      ...['firewall:', '  outbound: [{ port: any, proto: any, host: any }]'],
      '  inbound: [{ port: any, proto: any, host: any }]',
      '',
    ].join('\n');
  }
}

function overlayOf(index) {
  return `10.99.0.${index + 1}`;
}

/** For so many nodes; the address plan of the lab has room for 20. */
function makeKeys(count) {
  return madeFiles((folder) => {
    tool(['nebula-cert', 'ca', '-name', 'bench'], folder);
    for (let index = 0; index < count; index += 1) {
      const words = ['sign', '-name', `n${index}`, '-ip', `${overlayOf(index)}/24`];
      tool(['nebula-cert', ...words], folder);
    }
  });
}
