/**
 * A node of the original system, scripted from what is written down of its wire protocol and from
 * nothing else: plain Node, none of Flotilla's code, its own codes, its own HTTP. It has the
 * original's weaknesses too (peers one after another, addresses split at the first colon, names
 * free for all), because tests must show that ours float with nodes as they are.
 *
 *     node original.mjs '{"name":"attic","port":8182,"users":{"user":"123456"},"peers":[…]}'
 *
 * Standard output tells, one JSON object a line: `ready`, `view` whenever it changed, `self` (the
 * listener of the own address), and `reply` to each command. Standard input takes commands, one
 * JSON object a line, each with `do` and if wanted an `id`; `obey` lists them.
 */
import { randomInt } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { restore, toFile } from './original-file.mjs';
import { post } from './original-call.mjs';
import {
  beforeColon,
  codeAt,
  field,
  goJson,
  httpDate,
  isPrivate,
  mostFrequent,
  newSecret,
  seen,
} from './original-words.mjs';

const CALL_TIMEOUT_MS = 5_000;
const LOST_AT = 3;

/** How an original is set up; what is left out has the original's default. */
const defaults = {
  name: 'original',
  /** Where it listens; 0 lets the system choose. */
  host: '0.0.0.0',
  port: 0,
  path: '/godddns',
  /** `{ key, cert }` in PEM: it serves HTTPS. */
  tls: undefined,
  /** Passwords by username: what the injected function lets in. */
  users: {},
  /** Seconds between two cycles. */
  interval: 10,
  /** How far its clock is ahead, in ms. */
  clockOffsetMs: 0,
  verbal: false,
  /** Calls leave from this address, where one machine plays several; undefined: the system's. */
  source: undefined,
  /** `{ name, ip, port, path?, https?, username?, password? }`; with a username it registers. */
  peers: [],
  /** Registering at start is tried again after so many ms, as an operator would. */
  patienceMs: 500,
  beat: true,
  /** An exported file to carry on from. */
  restore: undefined,
};

export class Original {
  /** What tells the tests lies: `{ reflection, sync, status, body }`, each for its own answer. */
  lies = {};
  /** Told of each request's operation. */
  onRequest = () => {};
  peers = [];
  /** What others sign with, by their names. */
  secrets = new Map();
  own = '';
  calls = 0;

  constructor(options, tell = () => {}) {
    this.options = { ...defaults, ...options };
    this.tell = tell;
    for (const peer of this.options.peers) this.add(peer);
    if (this.options.restore !== undefined) restore(this, this.options.restore);
    this.agents = this.freshAgents();
  }

  get now() {
    return Date.now() + this.options.clockOffsetMs;
  }

  /** Listens, registers where a login is known, and begins to beat. */
  async start() {
    await this.listen();
    this.tell({ event: 'ready', name: this.options.name, port: this.port });
    for (const peer of this.peers) {
      if (peer.username !== undefined && peer.send === '') void this.registerPatiently(peer);
    }
    if (this.options.beat) void this.beat();
  }

  async close() {
    this.closed = true;
    this.drop();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** Goes on elsewhere: listens on another address, calls from it, and keeps all else. */
  async move(ip) {
    this.drop();
    await new Promise((resolve) => this.server.close(resolve));
    this.options.host = ip;
    this.options.source = ip;
    this.options.port = this.port;
    this.agents = this.freshAgents();
    await this.listen();
  }

  drop() {
    this.server.closeAllConnections();
    this.agents.http.destroy();
    this.agents.https.destroy();
  }

  freshAgents() {
    return {
      http: new http.Agent({ keepAlive: true }),
      https: new https.Agent({ keepAlive: true }),
    };
  }

  async listen() {
    const { tls, host, port } = this.options;
    const answer = (request, response) => this.take(request, response);
    this.server = tls === undefined ? http.createServer(answer) : https.createServer(tls, answer);
    await new Promise((resolve, reject) => {
      this.server.once('error', reject).listen(port, host, resolve);
    });
    this.port = this.server.address().port;
  }

  add({ name, ip = '', port, path = '/godddns', https: tls = false, username, password }) {
    this.peers = this.peers.filter((peer) => peer.name !== name);
    const login = { username, password };
    const heard = { reflected: '', retries: 0, heardAt: -Infinity, send: '' };
    const counts = { answers: 0, registrations: 0 };
    this.peers.push({ name, ip, port, path, https: tls, ...login, ...heard, ...counts });
  }

  peer(name) {
    return this.peers.find((peer) => peer.name === name);
  }

  // Serving.

  take(request, response) {
    this.calls += 1;
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('error', () => {});
    request.on('end', () => {
      const from = seen(request.socket);
      const operation = new URL(request.url, 'http://host').searchParams.get('opr');
      this.onRequest(operation);
      const { status, text } = this.answer(operation, Buffer.concat(chunks).toString(), from);
      const octets = Buffer.from(text);
      const type = operation === 'c' && status === 200 ? 'application/json' : 'text/plain';
      const Date = httpDate(this.now);
      response.writeHead(status, { Date, 'Content-Type': type, 'Content-Length': octets.length });
      response.end(octets);
      this.show();
    });
  }

  answer(operation, text, from) {
    if (this.lies.status !== undefined) return say(this.lies.status, this.lies.body ?? '');
    if (!['c', 'h', 's'].includes(operation)) return say(400, '400 - Bad Request');
    let body;
    try {
      body = JSON.parse(text);
    } catch (error) {
      return say(400, error.message);
    }
    if (typeof body !== 'object' || body === null) return say(400, 'not an object');
    const caller = field(body, 'NodeUUID');
    if (operation === 'c') return this.answerConnect(body, caller, from);
    const secret = this.secrets.get(caller);
    const right = secret !== undefined && field(body, 'TOTP') === codeAt(secret, this.now);
    if (operation === 's') return this.answerSync(field(body, 'LostUUID'), secret, right);
    if (secret === undefined) return say(401, 'node TOTP not registered');
    if (!right) return say(400, '400 - Invalid TOTP');
    const peer = this.peer(caller);
    if (peer === undefined) return say(401, 'node UUID not registered');
    peer.ip = beforeColon(from);
    return say(200, this.lies.reflection ?? from);
  }

  answerConnect(body, caller, from) {
    const password = this.options.users[field(body, 'Username')];
    if (password === undefined || password !== field(body, 'Password')) {
      return say(401, 'Incorrect username or password');
    }
    const secret = newSecret();
    this.secrets.set(caller, secret);
    return say(200, JSON.stringify({ TOTPSecret: secret, ReflectionIP: from }));
  }

  answerSync(lost, secret, right) {
    if (secret === undefined) return say(401, 'node UUID not registered');
    if (!right) return say(401, '400 - Invalid TOTP');
    const peer = this.peer(lost);
    if (peer === undefined) return say(500, '500 - Node not register on this host');
    return say(200, this.lies.sync ?? peer.ip);
  }

  // Calling.

  /** Cycles for good; one that took longer than the interval is followed at once. */
  async beat() {
    let next = Date.now();
    while (!this.closed) {
      next = Math.max(Date.now(), next + this.options.interval * 1000);
      await pause(next - Date.now());
      if (!this.closed && this.options.beat) await this.cycle();
    }
  }

  /** One peer after another, in list order. */
  async cycle() {
    for (const peer of this.peers) {
      if (peer.send === '') continue;
      if (peer.retries >= LOST_AT) await this.sync(peer);
      else await this.heartbeat(peer);
      if (this.closed) return;
    }
    this.show();
  }

  async heartbeat(peer) {
    const IPADDR = this.own === '' ? '<nil>' : this.own;
    const TOTP = codeAt(peer.send, this.now);
    const answer = await this.call(peer, 'h', { IPADDR, NodeUUID: this.options.name, TOTP });
    if (answer === undefined) {
      peer.reflected = '';
      peer.retries += 1;
    } else if (answer.status === 200) {
      peer.reflected = beforeColon(answer.text);
      peer.retries = 0;
      peer.heardAt = Date.now();
      peer.answers += 1;
    } else if (answer.status === 401) {
      if (peer.username !== undefined) await this.register(peer);
    } else {
      peer.reflected = '';
    }
    this.vote();
  }

  async sync(lost) {
    const since = Date.now() - 2 * this.options.interval * 1000;
    const fresh = this.peers.filter((peer) => peer !== lost && peer.heardAt >= since);
    const asked = fresh[fresh.length === 0 ? 0 : randomInt(fresh.length)];
    if (asked === undefined) {
      lost.retries = 0;
      return;
    }
    const TOTP = codeAt(asked.send, this.now);
    const who = { LostUUID: lost.name, NodeUUID: this.options.name, TOTP };
    const answer = await this.call(asked, 's', who);
    if (answer?.status !== 200) return;
    if (answer.text !== lost.ip) {
      lost.ip = answer.text;
      lost.retries = 0;
    } else if (this.options.verbal) {
      lost.retries = LOST_AT - 1;
    }
  }

  /** One request, whether it makes sense or not. */
  sayOnce(peer, operation) {
    const NodeUUID = this.options.name;
    const TOTP = codeAt('MNBL2MN5', this.now);
    const login = { NodeUUID, Password: peer.password, Username: peer.username };
    const IPADDR = this.own === '' ? '<nil>' : this.own;
    const bodies = {
      c: login,
      h: { IPADDR, NodeUUID, TOTP },
      s: { LostUUID: peer.name, NodeUUID, TOTP },
    };
    return this.call(peer, operation, bodies[operation]);
  }

  /** True when the peer gave a secret. */
  async register(peer) {
    const { username: Username, password: Password } = peer;
    const login = { NodeUUID: this.options.name, Password, Username };
    const answer = await this.call(peer, 'c', login);
    if (answer?.status !== 200) return false;
    try {
      peer.send = field(JSON.parse(answer.text), 'TOTPSecret');
    } catch {
      return false;
    }
    peer.registrations += 1;
    this.show();
    return peer.send !== '';
  }

  async registerPatiently(peer) {
    while (!this.closed && !(await this.register(peer))) await pause(this.options.patienceMs);
  }

  /** The answer, or undefined when there was none. */
  call(peer, operation, fields) {
    const limit = operation === 'c' ? undefined : AbortSignal.timeout(CALL_TIMEOUT_MS);
    return post(peer, operation, goJson(fields), this.agents, this.options.source, limit);
  }

  /** The most frequent reflection of each kind; a public one is taken before a private one. */
  vote() {
    const reflected = this.peers.map((peer) => peer.reflected).filter((ip) => ip !== '');
    const open = mostFrequent(reflected.filter((ip) => !isPrivate(ip)));
    const own = open ?? mostFrequent(reflected.filter(isPrivate)) ?? this.own;
    if (own === this.own) return;
    this.own = own;
    this.tell({ event: 'self', own });
  }

  // What it shows, and its file.

  view() {
    const peers = this.peers.map(({ send, ...peer }) => {
      const { name, ip, retries, reflected, answers, registrations } = peer;
      const registered = { out: send !== '', in: this.secrets.has(name) };
      return { name, ip, retries, reflected, registered, answers, registrations };
    });
    return { name: this.options.name, own: this.own, peers };
  }

  show() {
    const text = JSON.stringify(this.view());
    if (text === this.shown) return;
    this.shown = text;
    this.tell({ event: 'view', atMs: Date.now(), ...this.view() });
  }

  /** Carries out one command of the channel and gives its result. */
  async obey(command) {
    switch (command.do) {
      case 'add':
        return this.add(command.peer);
      case 'register': {
        const peer = this.peer(command.name);
        const { ip = peer.ip, username = peer.username, password = peer.password } = command;
        Object.assign(peer, { ip, username, password });
        return this.register(peer);
      }
      case 'lie':
        this.lies = command.lies;
        return undefined;
      case 'cycle':
        await this.cycle();
        return this.view();
      case 'beat':
        this.options.beat = command.on;
        return undefined;
      case 'move':
        await this.move(command.ip);
        return undefined;
      case 'clock':
        this.options.clockOffsetMs = command.offsetMs;
        return undefined;
      case 'forget':
        // As a restart without its file: nobody is registered here any more.
        this.secrets.clear();
        return undefined;
      case 'say':
        // One request of each kind, as the recorded ones were made.
        return this.sayOnce(this.peer(command.name), command.operation);
      case 'restore-secret':
        this.peer(command.name).send = command.secret;
        return undefined;
      case 'export':
        return toFile(this);
      case 'view':
        return this.view();
      default:
        throw new Error(`no command is named ${command.do}`);
    }
  }
}

function say(status, text) {
  return { status, text };
}

async function main() {
  const tell = (line) => console.log(JSON.stringify(line));
  const original = new Original(JSON.parse(process.argv[2] ?? '{}'), tell);
  createInterface({ input: process.stdin }).on('line', async (line) => {
    const command = JSON.parse(line);
    try {
      tell({ event: 'reply', id: command.id, result: await original.obey(command) });
    } catch (error) {
      tell({ event: 'reply', id: command.id, error: error.message });
    }
  });
  await original.start();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
