/** The two programs of `examples/`, as a reader would start them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawn } from 'node:child_process';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { Arrivals } from '../real/waiting.ts';
import { daemonEnv } from '../setup/daemon-env.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder = '';

// Node 20 runs no TypeScript, and the checkout is not installed anywhere.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-examples-'));
  await build({
    absWorkingDir: root,
    entryPoints: ['examples/static-node.ts', 'examples/client.ts'],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    alias: { 'flotilla/v1': './src/v1.ts' },
    logLevel: 'warning',
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Program {
  readonly lines: Arrivals<string>;
  /** Asks it to end; gives its exit code. */
  end(): Promise<number | null>;
}

function start(name: string, env: Readonly<Record<string, string>>, ...args: string[]): Program {
  const program = join(folder, `${name}.mjs`);
  const child = spawn(process.execPath, [program, ...args], { env: daemonEnv(env) });
  const lines = new Arrivals<string>();
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    parts.forEach(lines.add);
  });
  child.stderr.pipe(process.stderr);
  const exited = once(child, 'exit') as Promise<[number | null]>;
  onTestFinished(() => void child.kill('SIGKILL'));
  const end = async (): Promise<number | null> => {
    child.kill('SIGTERM');
    const [code] = await exited;
    return code;
  };
  return { lines, end };
}

/** A port that was free a moment ago. */
async function freePort(): Promise<string> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return String(port);
}

it('the client finds the static node, and learns from it where it is', async () => {
  const port = await freePort();
  const env = { NODE_PASSWORD: 'opensesame', INTERVAL_MS: '1000' };
  const thatNode = start('static-node', { ...env, PORT: port });
  await thatNode.lines.first((line) => line === 'listening');
  const its = { ...env, PORT: await freePort(), THEIR_PORT: port };
  const client = start('client', its, '127.0.0.1');
  await client.lines.first((line) => line === 'connected to thisNode at 127.0.0.1');
  await client.lines.first((line) => line === 'this node is at 127.0.0.1');
  await thatNode.lines.first((line) => line === 'v1-registered node1');
  const page = await fetch(`http://127.0.0.1:${port}/`);
  expect(await page.text()).toBe('1 neighbours\n');
  expect(await client.end()).toBe(0);
  expect(await thatNode.end()).toBe(0);
});

it('the client says what is wrong when it is let in with no other password', async () => {
  const port = await freePort();
  const thatNode = start('static-node', { NODE_PASSWORD: 'opensesame', PORT: port });
  await thatNode.lines.first((line) => line === 'listening');
  const env = { NODE_PASSWORD: 'sesame', PORT: await freePort(), THEIR_PORT: port };
  const client = spawn(process.execPath, [join(folder, 'client.mjs')], { env: daemonEnv(env) });
  let complaint = '';
  client.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  const [code] = (await once(client, 'close')) as [number];
  expect(code).not.toBe(0);
  expect(complaint).toContain('thisNode did not register this node: credentials-refused.');
  expect(complaint).not.toContain('sesame');
});
