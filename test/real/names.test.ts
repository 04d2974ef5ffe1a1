import { execFile, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { encode } from 'dns-packet';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseAddress, type Address } from '../../src/base/address.ts';
import type { MembersDocument, MemberView } from '../../src/core/view.ts';
import { Flotilla } from '../../src/runtime/flotilla.ts';
import { startNames, type Names, type NamesOptions } from '../../src/services/names/service.ts';
import { member, view } from '../unit/names/view.ts';
import { daemon, flotilla } from './cli-program.ts';
import { ownFolder, userErrorOf } from './waiting.ts';

const run = promisify(execFile);

/** A cluster whose view the test sets. */
class Source {
  clusterName = 'home';
  #view: MembersDocument;
  #setAt = performance.now();
  #changed: () => void = () => undefined;
  readonly roster = {
    ids: (): readonly string[] => this.#view.members.map(({ id }) => id),
    members: (of: readonly string[]): MembersDocument => {
      const document = this.members();
      return { ...document, members: document.members.filter(({ id }) => of.includes(id)) };
    },
    changes: ({ signal }: { readonly signal?: AbortSignal }) => this.#changes(signal),
  };

  constructor(...others: readonly MemberView[]) {
    this.#view = view(...others);
  }

  /** The view as of now: what it says of times past grows. */
  members(): MembersDocument {
    const passed = performance.now() - this.#setAt;
    const members = this.#view.members.map((one) => ({
      ...one,
      lastHeardMs: one.lastHeardMs === null ? null : Math.round(one.lastHeardMs + passed),
    }));
    return { ...this.#view, members };
  }

  set(...others: readonly MemberView[]): void {
    this.#view = view(...others);
    this.#setAt = performance.now();
    this.#changed();
  }

  /** Who changed is left to be found out. */
  async *#changes(signal: AbortSignal | undefined): AsyncGenerator<ReadonlySet<string>> {
    const end = (): void => {
      this.#changed();
    };
    signal?.addEventListener('abort', end);
    for (let seen = this.#view; signal?.aborted !== true;) {
      if (seen !== this.#view) {
        seen = this.#view;
        yield new Set();
      } else await new Promise<void>((changed) => (this.#changed = changed));
    }
  }
}

interface Served {
  readonly names: Names;
  readonly source: Source;
  readonly port: number;
  /** `dig` on it; the output. */
  dig(...words: readonly string[]): Promise<string>;
}

async function serve(
  source: Source,
  options: Partial<NamesOptions> = {},
  ip = '127.0.0.1',
): Promise<Served> {
  const listen = [place(ip.includes(':') ? `[${ip}]:0` : `${ip}:0`)];
  const names = await startNames(source, { listen, ...options });
  onTestFinished(() => names.close());
  const port = place(names.status().listen[0] ?? '').port;
  return {
    names,
    source,
    port,
    async dig(...words) {
      const where = [`@${ip}`, '-p', String(port), '+time=3', '+tries=1'];
      return (await run('dig', [...where, ...words])).stdout.trim();
    },
  };
}

function place(text: string): Address {
  const read = parseAddress(text);
  if (read === undefined) throw new Error(`${text} is no address`);
  return read;
}

const cellar = member(2, 'cellar', { tags: { role: 'storage' } });

describe('names, asked by programs of others', () => {
  it.each(['127.0.0.1', '::1'])('on %s answer dig, over UDP and TCP', async (ip) => {
    const { dig } = await serve(new Source(cellar), {}, ip);
    expect(await dig('+short', 'cellar.home.internal')).toBe('192.0.2.2');
    expect(await dig('+short', '+tcp', 'CELLAR.home.internal')).toBe('192.0.2.2');
    expect(await dig('+short', '+noedns', 'storage.role.tag.home.internal')).toBe('192.0.2.2');
    expect(await dig('+short', '-x', '192.0.2.2')).toBe('cellar.home.internal.');
    expect(await dig('+short', 'NS', 'home.internal')).toBe('attic.home.internal.');
  });

  it.each([
    [['cellar.home.internal', 'AAAA'], 'NOERROR', 'SOA'],
    [['role.tag.home.internal'], 'NOERROR', 'SOA'],
    [['nobody.home.internal'], 'NXDOMAIN', 'SOA'],
    [['_ssh._tcp.home.internal', 'SRV'], 'NXDOMAIN', 'SOA'],
    [['example.org'], 'REFUSED', ''],
    [['version.bind', 'TXT', 'CH'], 'REFUSED', ''],
    [['cellar.home.internal', '+opcode=notify'], 'NOTIMP', ''],
    [['cellar.home.internal', '+edns=1', '+noednsnegotiation'], 'BADVERS', ''],
    [['cellar.home.internal', 'ANY'], 'NOERROR', 'HINFO'],
  ])('say to %s: %s %s', async (words, status, type) => {
    const { dig } = await serve(new Source(cellar));
    const said = await dig(...words);
    expect(said).toContain(`status: ${status},`);
    if (type !== '') expect(said).toMatch(new RegExp(`\\sIN\\s${type}\\s`));
    else expect(said).not.toContain('AUTHORITY SECTION');
  });

  it('send a client to TCP when there is more than a datagram holds', async () => {
    const many = Array.from({ length: 200 }, (_, index) =>
      member(index + 2, `m${String(index)}`, {
        address: `10.0.0.${String(index)}:1`,
        tags: { role: 'disk' },
      }),
    );
    const { dig, names } = await serve(new Source(...many));
    const name = 'disk.role.tag.home.internal';
    expect(await dig(name, '+ignore')).toMatch(/flags: qr aa tc/);
    expect((await dig(name, '+short')).split('\n').length).toBe(200);
    expect(names.status().counters.answered).toBe(3);
  });

  it('answer kdig and host too', async () => {
    const { port } = await serve(new Source(cellar));
    const where = ['@127.0.0.1', '-p', String(port)];
    for (const way of ['+notcp', '+tcp']) {
      const { stdout } = await run('kdig', [...where, way, '+short', 'cellar.home.internal']);
      expect(stdout.trim()).toBe('192.0.2.2');
    }
    const { stdout } = await run('host', ['-p', String(port), 'cellar.home.internal', '127.0.0.1']);
    expect(stdout).toContain('cellar.home.internal has address 192.0.2.2');
  });
});

describe('names', () => {
  it('follow a move, the address of a lost member too, and another cluster', async () => {
    const { dig, source } = await serve(new Source(cellar), { lostMs: 400 });
    const becomes = async (name: string, line: string): Promise<void> => {
      await expect.poll(() => dig('+short', name), { timeout: 5_000 }).toBe(line);
    };
    source.set(member(2, 'cellar', { address: '192.0.2.77:1' }));
    await becomes('cellar.home.internal', '192.0.2.77');
    source.set(member(2, 'cellar', { state: 'lost', lastHeardMs: 0 }));
    // No other view comes: the server's own timer ends it.
    await becomes('cellar.home.internal', '');
    expect(await dig('cellar.home.internal')).toContain('NOERROR');
    source.clusterName = 'pool';
    source.set(cellar);
    await becomes('cellar.pool.internal', '192.0.2.2');
    expect(await dig('cellar.home.internal')).toContain('REFUSED');
  });

  it('say who has the port, and leave nothing open', async () => {
    const { port } = await serve(new Source());
    const listen = [place('127.0.0.1:0'), place(`127.0.0.1:${String(port)}`)];
    const error = await userErrorOf(startNames(new Source(), { listen }));
    expect(error.code).toBe('dns-port-taken');
  });

  it('answer many questions of one TCP connection, however they are cut', async () => {
    const { port } = await serve(new Source(cellar));
    const asked = Buffer.concat(
      Array.from({ length: 50 }, (_, id) => {
        const questions = [{ name: 'cellar.home.internal', type: 'A' as const }];
        const message = encode({ type: 'query', id, questions });
        return Buffer.concat([Buffer.from([0, message.length]), message]);
      }),
    );
    const socket = connect(port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    for (let at = 0; at < asked.length; at += 7) socket.write(asked.subarray(at, at + 7));
    let got = Buffer.alloc(0);
    for await (const part of socket as AsyncIterable<Buffer>) {
      got = Buffer.concat([got, part]);
      if (got.length >= 50 * (asked.length / 50 + 16)) break;
    }
    const ids = [];
    for (let at = 0; at < got.length; at += 2 + got.readUInt16BE(at)) {
      ids.push(got.readUInt16BE(at + 2));
    }
    expect(ids).toEqual(Array.from({ length: 50 }, (_, id) => id));
  });

  it('close a TCP connection that announces more than any question has', async () => {
    const { port } = await serve(new Source(cellar));
    const socket = connect(port, '127.0.0.1');
    const closed = once(socket, 'close');
    socket.write(Buffer.from([0xff, 0xff]));
    await closed;
  });

  it('go on answering after a hundred thousand malformed packets', async () => {
    const { port, dig, names } = await serve(new Source(cellar));
    const socket = createSocket('udp4');
    onTestFinished(() => void socket.close());
    const questions = [{ name: 'cellar.home.internal', type: 'A' as const }];
    const good = encode({ type: 'query', id: 7, questions });
    let seed = 1;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return (seed >>> 8) % below;
    };
    const before = names.status().counters.queries;
    for (let sent = 0; sent < 100_000;) {
      // As many as the socket's buffer holds, then those are waited for.
      for (let turn = 0; turn < 100; turn += 1, sent += 1) {
        const bad = Buffer.from(
          good.subarray(0, random(3) === 0 ? random(good.length) : undefined),
        );
        for (let k = 0; k < 4; k += 1) if (bad.length > 0) bad[random(bad.length)] = random(256);
        socket.send(bad.length > 0 ? bad : Buffer.from([0]), port, '127.0.0.1');
      }
      const wanted = before + sent * 0.99;
      for (let turn = 0; turn < 200 && names.status().counters.queries < wanted; turn += 1) {
        await sleep(1);
      }
    }
    const { counters } = names.status();
    expect(counters.queries - before).toBeGreaterThan(98_000);
    expect(counters.faults + counters.dropped).toBeGreaterThan(50_000);
    expect(await dig('+short', 'cellar.home.internal')).toBe('192.0.2.2');
  });
});

describe('a node that is flooded with questions', () => {
  it('answers pings in time, suspects nobody and is suspected by nobody', async () => {
    const nodeOf = async (name: string, join?: string): Promise<Flotilla> => {
      const wish = {
        name,
        cluster: 'home',
        port: 0,
        bind: ['127.0.0.1'],
        state: await ownFolder(),
      };
      const node = await Flotilla.start({ ...wish, ...(join === undefined ? {} : { join }) });
      onTestFinished(() => node.close());
      return node;
    };
    const attic = await nodeOf('attic');
    const at = `127.0.0.1:${String(attic.port)}`;
    const pi = await nodeOf('pi', (await attic.invite({ at: [at] })).token);
    const names = await startNames(attic, { listen: [place('127.0.0.1:0')] });
    onTestFinished(() => names.close());
    await pi.ping('attic');
    const told: string[] = [];
    for (const node of [attic, pi]) {
      void (async () => {
        for await (const event of node.events()) {
          told.push(event.type === 'doubt' ? event.why : event.type);
        }
      })();
    }
    const { port } = place(names.status().listen[0] ?? '');
    const flood = floodWith('pi.home.internal', port);
    // Two beats and more.
    const pings = [];
    for (let turn = 0; turn < 30; turn += 1) {
      pings.push((await pi.ping('attic')).type);
      await sleep(50);
    }
    flood.stop();
    expect(new Set(pings)).toEqual(new Set(['pong']));
    expect(told.filter((why) => /suspect|lost|unanswered|silence|send/.test(why))).toEqual([]);
    expect(names.status().counters.answered).toBeGreaterThan(10_000);
  });
});

/** Asks as fast as it is answered, a hundred questions at once, until it is stopped. */
function floodWith(name: string, port: number): { stop(): void } {
  const child = spawn(process.execPath, [
    '--input-type=module',
    '--eval',
    `import { createSocket } from 'node:dgram';
    const question = Buffer.from('${encode({
      ...{ type: 'query', id: 1 },
      questions: [{ name, type: 'A' }],
    }).toString('hex')}', 'hex');
    const socket = createSocket('udp4').on('message', () => socket.send(question));
    socket.connect(${String(port)}, '127.0.0.1', () => {
      for (let one = 0; one < 100; one += 1) socket.send(question);
    });`,
  ]);
  onTestFinished(() => void child.kill('SIGKILL'));
  return { stop: () => void child.kill('SIGKILL') };
}

describe('an upstream', () => {
  it('is asked about all other names, and about those of the cluster never', async () => {
    const upstream = await serve(new Source(), { zone: 'example.org' });
    const address = place(`127.0.0.1:${String(upstream.port)}`);
    const { dig, names } = await serve(new Source(cellar), { upstream: address });
    for (const way of ['+notcp', '+tcp']) {
      expect(await dig(way, '+short', 'attic.example.org')).toBe('192.0.2.1');
      expect(await dig(way, 'nobody.example.org')).toContain('NXDOMAIN');
      expect(await dig(way, 'nobody.home.internal')).toContain('NXDOMAIN');
    }
    expect(await dig('+norecurse', 'attic.example.org')).toContain('REFUSED');
    expect(names.status().counters.forwarded).toBe(4);
    expect(upstream.names.status().counters.queries).toBe(4);
  });

  it('that says something else than the answer is not believed', async () => {
    const liar = createSocket('udp4');
    const said: string[] = [];
    liar.on('message', (message, { port }) => {
      const other = Buffer.from(message);
      other[2] = 0x81;
      const wrong = [Buffer.from(other), Buffer.from(other), Buffer.from(message)];
      wrong[0]?.writeUInt16BE(message.readUInt16BE(0) ^ 1, 0);
      wrong[1]?.writeUInt8(0x7a, 13);
      for (const one of wrong) liar.send(one, port, '127.0.0.1');
      said.push('lied');
    });
    liar.bind(0, '127.0.0.1');
    await once(liar, 'listening');
    onTestFinished(() => void liar.close());
    const address = place(`127.0.0.1:${String(liar.address().port)}`);
    const { dig } = await serve(new Source(cellar), { upstream: address });
    await expect(dig('attic.example.org')).rejects.toThrow();
    expect(said).not.toEqual([]);
  });
});

describe('the daemon', () => {
  it('serves the members’ names, shows them, and says how it goes', async () => {
    const port = String((await serve(new Source())).port + 1);
    const attic = await daemon('attic', ['--cluster', 'home', '--dns', `127.0.0.1:${port}`]);
    await daemon('cellar', ['--join', await attic.token()]);
    const where = ['@127.0.0.1', '-p', port, '+short'];
    const ask = async (name: string): Promise<string> =>
      (await run('dig', [...where, name])).stdout.trim();
    await expect.poll(() => ask('cellar.home.internal'), { timeout: 10_000 }).toBe('127.0.0.1');
    const { out } = await attic.call('dns', 'records');
    expect(out).toMatch(/^cellar\.home\.internal\. +1 +IN +A +127\.0\.0\.1$/m);
    expect(await attic.json('dns', 'status')).toMatchObject({
      serving: true,
      zone: 'home.internal',
      listen: [`127.0.0.1:${port}`],
    });
    const other = ['up', '--state', `${attic.state}-2`, '--bind', '127.0.0.1', '--port', '0'];
    const taken = await flotilla([...other, '--dns', `127.0.0.1:${port}`]);
    expect([taken.code, taken.err]).toEqual([1, expect.stringContaining(`127.0.0.1:${port}`)]);
  });
});
