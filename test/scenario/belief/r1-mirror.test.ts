import { readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Flotilla } from '../../../src/runtime/flotilla.ts';
import { ownFolder } from '../../real/waiting.ts';
import { harbour } from './harbour.ts';

const SRC = fileURLToPath(new URL('../../../src', import.meta.url));

/** Names by which Node tells a program where its own machine or sockets are. */
const MIRRORS = new Set([
  'networkInterfaces',
  'localAddress',
  'localFamily',
  'getaddrinfo',
  'child_process',
]);

/** What the kernel or a tool would say, read as a file or run as a command. */
const TEXTS =
  /\/proc\/.*net|\/sys\/class\/net|\b(ifconfig|ipconfig|ip addr|ip route|hostname -I)\b/;

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

/** Every name and string of a program, comments left out: what it could look in a mirror with. */
function mirrorsIn(text: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const isText =
      ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateTail(node);
    if (ts.isIdentifier(node) && MIRRORS.has(node.text)) found.push(node.text);
    if (isText && (TEXTS.test(node.text) || MIRRORS.has(node.text.replace('node:', '')))) {
      found.push(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('source.ts', text, ts.ScriptTarget.ES2023));
  return found;
}

describe('the source', () => {
  const files = sources(SRC);

  it('names nothing that tells a program its own addresses', () => {
    expect(files.length).toBeGreaterThan(80);
    const found = files.flatMap((file) =>
      mirrorsIn(readFileSync(file, 'utf8')).map((name) => `${relative(SRC, file)}: ${name}`),
    );
    // The demo starts the five daemons it shows, and `dns install` the resolver's own commands.
    expect(found).toEqual([
      'cli/demo/process.ts: node:child_process',
      'services/names/install/machine.ts: node:child_process',
    ]);
  });

  it.each([
    "import { networkInterfaces } from 'node:os'; networkInterfaces();",
    "import os from 'node:os'; os['networkInterfaces']();",
    'const mine = (socket) => socket.localAddress;',
    'const { localAddress } = socket;',
    "readFileSync('/proc/self/net/fib_trie');",
    "await import('node:child_process');",
    'spawn(`ip addr show ${device}`);',
  ])('would be found to if it said: %s', (text) => {
    expect(mirrorsIn(text)).not.toEqual([]);
  });

  it('takes of its own sockets’ addresses nothing but the port', () => {
    const uses = files.flatMap(
      (file) => readFileSync(file, 'utf8').match(/\.address\(\).*/g) ?? [],
    );
    expect(uses.length).toBeGreaterThan(0);
    expect(uses.filter((use) => !/^\.address\(\)(\.port\b|[;),])/.test(use))).toEqual([]);
  });
});

describe('a daemon', () => {
  it('founds, invites, joins and is found with every mirror of its machine broken', async () => {
    expect(() => networkInterfaces()).toThrow('R1');
    const [attic, cellar] = await Promise.all(
      ['attic', 'cellar'].map(async (name) => {
        const state = await ownFolder();
        const node = await Flotilla.start({ name, state, port: 0, bind: ['127.0.0.1'] });
        onTestFinished(() => node.close());
        return node;
      }),
    );
    if (attic === undefined || cellar === undefined) throw new Error('they did not start');
    const { token } = await attic.invite({ at: [`127.0.0.1:${String(attic.port)}`] });
    await cellar.join(token);
    const signal = AbortSignal.timeout(15_000);
    const seen = new Set<string>();
    for await (const item of attic.events({ members: true, signal })) {
      if (!('members' in item)) continue;
      for (const { name, proof, address } of item.members) {
        if (proof === 'direct' && address !== null) seen.add(`${name} ${address}`);
      }
      if (seen.size > 0) break;
    }
    expect([...seen]).toEqual([`cellar 127.0.0.1:${String(cellar.port)}`]);
  });
});

describe('a node', () => {
  it('learns that it moved from nobody but the others', () => {
    const h = harbour({ machines: ['attic', 'cellar', 'pi'] });
    const attic = h.machine(0);
    const before = attic.status.self.addresses.map(({ address }) => address);
    // It may send, and hears nobody: it cannot know.
    const { passes } = h.wire;
    h.wire.passes = ({ to }) => to.ip !== attic.ip;
    attic.move();
    h.wire.run(20_000);
    expect(attic.status.self.addresses.map(({ address }) => address)).toEqual(before);
    h.wire.passes = passes;
    expect(h.wire.runUntil(() => h.whole, 5_000)).toBe(true);
    h.wire.run(2_000);
    expect(attic.status.self.addresses.map(({ address }) => address)).toEqual([`${attic.ip}:4117`]);
  });

  it('alone knows no address of its own at all', () => {
    const h = harbour({ machines: ['attic'] });
    expect(h.machine(0).status.self).toMatchObject({ state: 'alone', addresses: [] });
  });
});
