/** Texts from the own disk, from the operator's hand, and from the operator's programs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { concat, utf8, type Bytes } from '../../../src/base/bytes.ts';
import { UserError } from '../../../src/base/errors.ts';
import { CONFIGURABLE } from '../../../src/cli/flags.ts';
import { readConfig } from '../../../src/cli/config-file.ts';
import { configKey } from '../../../src/cli/flag.ts';
import { Settings } from '../../../src/cli/settings.ts';
import { readBook, readCluster, writeBook, writeCluster } from '../../../src/core/documents.ts';
import { readEnvelope, writeEnvelope } from '../../../src/runtime/envelope.ts';
import { createApi } from '../../../src/services/api/api.ts';
import { FakeControl } from '../../unit/api/fake-control.ts';
import { attic, record } from './examples.ts';
import { must, sameValue, type Target } from './target.ts';

const decoder = new TextDecoder();
const cluster = {
  acts: ['00ff', 'ab'],
  invites: [{ secret: '00'.repeat(16), uses: 1, expiresMs: 1_800_000_000_000 }],
  reserved: 1_000,
  tags: [['room', 'roof']],
};
const book = {
  records: ['0102'],
  history: [
    { id: record.id, addresses: [{ address: '192.0.2.7:4117', atMs: 7 }] },
    { id: attic.id, addresses: [{ address: '[2001:db8::7]:4117', atMs: 0 }] },
  ],
};

/**
 * A file of the state folder. The first octet says which, and whether what follows is the whole
 * file or a body that gets a valid envelope.
 */
export const state: Target = {
  name: 'state',
  title: 'the state folder’s files: envelope, cluster and book',
  covers: /src\/core\/documents\.ts$|src\/runtime\/envelope\.ts$/,
  lengthMax: 1_500,
  seeds: () => [
    textAfter(0, writeEnvelope('cluster', cluster)),
    textAfter(1, writeEnvelope('book', book)),
    textAfter(2, JSON.stringify(cluster)),
    textAfter(3, JSON.stringify(book)),
  ],
  words: ['null', '-1', '1e99', '[]', '{}', '""', 'true', '"__proto__":'].map(utf8),
  run: ([kind = 0, ...rest]) => {
    const text = decoder.decode(Uint8Array.from(rest));
    const isCluster = kind % 2 === 0;
    const name = isCluster ? 'cluster' : 'book';
    const file = kind % 4 < 2 ? text : wrapped(name, text);
    const read = readEnvelope(name, file ?? '');
    if (typeof read === 'string') return [`${name} ${read}`];
    const written = isCluster ? clusterAgain(read.body) : bookAgain(read.body);
    if (written === undefined) return [`${name} of nonsense`];
    const again = readEnvelope(name, writeEnvelope(name, written));
    must(typeof again !== 'string', 'a document that was read cannot be written');
    return [`${name} read`];
  },
};

/** A body with a valid checksum; undefined when it is no JSON. */
function wrapped(name: string, text: string): string | undefined {
  try {
    return writeEnvelope(name, JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

function clusterAgain(body: unknown): unknown {
  const stored = readCluster(body);
  if (stored === undefined) return undefined;
  const written = writeCluster(stored);
  must(sameValue(readCluster(written), stored), 'a cluster document changes on its way');
  return written;
}

function bookAgain(body: unknown): unknown {
  const stored = readBook(body);
  if (stored === undefined) return undefined;
  const written = writeBook(stored);
  must(sameValue(readBook(written), stored), 'a book changes on its way');
  return written;
}

/** The config file, and each flag's value out of it. */
export const config: Target = {
  name: 'config',
  title: 'the config file, and the value of each flag in it',
  covers: /src\/cli\/(config-file|settings|flag|flags)\.ts$/,
  lengthMax: 2_000,
  seeds: () => [
    utf8('name = "attic"\nport = 4117\nbind = ["192.0.2.1", "::1"]\nbeat = "600ms"\nlan = false\n'),
    utf8('tag = ["room=roof", "a="]\nlog-level = "debug"\nexpires = "15m"\nuses = 3\n'),
  ],
  words: [
    ...CONFIGURABLE.map((flag) => utf8(`\n${configKey(flag)} = `)),
    ...['"', '[', ']', ' = ', '"""', '1979-05-27', 'inf', 'true', '[a.b]', '\\u0000'].map(utf8),
  ],
  run: async (bytes) => {
    const signs: string[] = [];
    try {
      const read = await readConfig(configFile(bytes));
      const settings = new Settings(new Map(), {}, read);
      for (const flag of CONFIGURABLE) signs.push(refusal(() => settings.get(flag)));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      signs.push(error.code);
    }
    return signs;
  },
};

/** The one file that this process reads configs from; gone when it ends. */
function configFile(bytes: Bytes): string {
  folder ??= mkdtempSync(join(tmpdir(), 'flotilla-fuzz-'));
  const file = join(folder, 'flotilla.toml');
  writeFileSync(file, bytes);
  return file;
}
let folder: string | undefined;
process.on('exit', () => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

/** The code of the UserError that a call threw; any other error is a finding. */
function refusal(call: () => unknown): string {
  try {
    return call() === undefined ? 'absent' : 'taken';
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    must(error.message !== '', 'an error without words');
    return error.code;
  }
}

/** One request to the control API: method, path with its query, and body, a line each. */
export const api: Target = {
  name: 'api',
  title: 'requests to the control API',
  covers: /src\/services\/api\/(api|fields|answers|own-tags|event-document)\.ts$/,
  lengthMax: 1_500,
  seeds: () => [
    utf8('GET\n/v2/status\n'),
    utf8('GET\n/v2/resolve?name=attic\n'),
    utf8('GET\n/v2/events?members=1\n'),
    utf8('POST\n/v2/invite\n{"at":["192.0.2.1:4117"],"uses":2,"expiresMs":60000}'),
    utf8('POST\n/v2/join\n{"token":"flt2-"}'),
    utf8('POST\n/v2/ping\n{"name":"attic"}'),
    utf8('POST\n/v2/hint\n{"name":"attic","address":"192.0.2.1:4117"}'),
    utf8('POST\n/v2/tag\n{"changes":{"room":"roof","floor":null}}'),
    utf8('POST\n/v2/leave\n'),
    utf8('POST\n/v2/down\n{}'),
    utf8('GET\n/v2/members\n'),
  ],
  words: ['POST\n', 'GET\n', '/v2/', '"__proto__":', 'null', '{}', '[]', '1e99', '?name='].map(
    utf8,
  ),
  run: async (bytes) => {
    const [method = '', target = '', ...rest] = decoder.decode(bytes).split('\n');
    const [path = '', ...query] = target.split('?');
    const request = {
      ...{ method, path, query: new URLSearchParams(query.join('?')), body: rest.join('\n') },
      signal: AbortSignal.abort(),
    };
    const steered = { control: new FakeControl(), down: () => Promise.resolve() };
    const answer = await createApi(steered)(request);
    if (answer.type === 'stream') return ['stream'];
    const { status, body } = answer;
    must(status !== 500, `an error of our own: ${JSON.stringify(body)}`);
    must(JSON.stringify(body) !== undefined, 'an answer that is no JSON');
    return [`${String(status)} ${'code' in body ? String(body.code) : path}`];
  },
};

function textAfter(kind: number, text: string): Bytes {
  return concat(Uint8Array.of(kind), utf8(text));
}
