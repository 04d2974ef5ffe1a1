/** Many v1 peers in one process: each with a name, a secret and a kept connection of its own. */
import { Agent, request } from 'node:http';
import { codeAt, goJson, newSecret } from '../test/v1/original-words.mjs';

export class Crowd {
  /** Heartbeats that were answered well, and others. */
  good = 0;
  bad = 0;
  #options;
  #peers;
  #timers = [];
  #latencies = [];

  /** @param {{ port: number, peers: number, intervalMs: number }} options */
  constructor(options) {
    this.#options = options;
    this.#peers = Array.from({ length: options.peers }, (_, n) => ({
      name: `peer-${n}`,
      secret: newSecret(),
      agent: new Agent({ keepAlive: true, maxSockets: 1 }),
    }));
  }

  /** As if all had registered with `name` already: what an original exports of such a node. */
  file(name) {
    const file = {
      NodeMap: [],
      TOTPMap: this.#peers.map((peer) => ({ RemoteUUID: peer.name, RecvTOTPSecret: peer.secret })),
      Options: { DeviceUUID: name, SyncInterval: 10, Verbal: false },
      DeviceIpAddr: '',
      LastIpUpdateTime: 0,
      LastSyncTime: 0,
      ConnectionRetryWaitTimeMin: 10,
      ConnectionRetryWaitTimeMax: 120,
    };
    return JSON.stringify(file);
  }

  /** All beat from now on, spread evenly over the interval. */
  beat() {
    const { intervalMs } = this.#options;
    for (const [n, peer] of this.#peers.entries()) {
      const first = setTimeout(
        () => {
          void this.#heartbeat(peer);
          this.#timers.push(setInterval(() => void this.#heartbeat(peer), intervalMs));
        },
        (n * intervalMs) / this.#peers.length,
      );
      this.#timers.push(first);
    }
  }

  stop() {
    for (const timer of this.#timers) clearInterval(timer);
    for (const { agent } of this.#peers) agent.destroy();
  }

  /** Median and 99th percentile of the last answers, in ms. */
  latency() {
    const sorted = this.#latencies.sort((a, b) => a - b);
    const at = (part) => Math.round((sorted[Math.floor(sorted.length * part)] ?? 0) * 10) / 10;
    return { median: at(0.5), p99: at(0.99) };
  }

  async #heartbeat(peer) {
    const began = performance.now();
    const TOTP = codeAt(peer.secret, Date.now());
    const fields = { IPADDR: '127.0.0.1', NodeUUID: peer.name, TOTP };
    const { status } = await this.#post(peer, 'h', fields);
    if (status === 200) this.good += 1;
    else this.bad += 1;
    this.#latencies.push(performance.now() - began);
  }

  #post({ agent }, operation, fields) {
    const body = goJson(fields);
    const headers = {
      'User-Agent': 'Go-http-client/1.1',
      'Content-Length': Buffer.byteLength(body),
      'Content-Type': 'application/json',
      'Accept-Encoding': 'gzip',
    };
    const path = `/godddns?opr=${operation}`;
    const { port } = this.#options;
    return new Promise((resolve) => {
      const asked = request({ host: '127.0.0.1', port, method: 'POST', path, agent, headers });
      asked.on('error', (error) => resolve({ status: 0, text: error.message }));
      asked.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode, text }));
        response.on('error', (error) => resolve({ status: 0, text: error.message }));
      });
      asked.end(body);
    });
  }
}
