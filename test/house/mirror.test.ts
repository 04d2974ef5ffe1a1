import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import os, { networkInterfaces } from 'node:os';
import { expect, it } from 'vitest';
import { daemonEnv } from '../setup/daemon-env.ts';

/** What a Node process of its own says of a piece of code, run as a daemon of a test would be. */
function runAsDaemon(code: string, extra?: Record<string, string>): string {
  const args = ['--input-type=module', '--eval', code];
  return spawnSync(process.execPath, args, { encoding: 'utf8', env: daemonEnv(extra) }).stderr;
}

it('tests cannot list the interfaces of this machine', () => {
  expect(() => networkInterfaces()).toThrow('R1');
  expect(() => os.networkInterfaces()).toThrow('R1');
});

it("tests cannot read the kernel's tables of addresses", async () => {
  expect(() => readFileSync('/proc/net/fib_trie')).toThrow('R1');
  expect(() => readFileSync('/proc/self/net/dev')).toThrow('R1');
  await expect(async () => open(new URL('file:///proc/net/if_inet6'))).rejects.toThrow('R1');
});

it('tests can read everything else', () => {
  expect(readFileSync(new URL(import.meta.url), 'utf8')).toContain('everything else');
});

it('daemons that tests start cannot either', () => {
  const look = "import { networkInterfaces } from 'node:os'; networkInterfaces();";
  expect(runAsDaemon(look)).toContain('R1: os.networkInterfaces');
  expect(runAsDaemon(look, { NODE_OPTIONS: '--no-warnings' })).toContain(
    'R1: os.networkInterfaces',
  );
  expect(runAsDaemon("import fs from 'node:fs'; fs.readdirSync('/sys/class/net');")).toContain(
    'R1',
  );
  expect(runAsDaemon("import fs from 'node:fs'; fs.readdirSync('.');")).toBe('');
});

it('daemons that tests start know nothing of settings made outside', () => {
  process.env['FLOTILLA_STATE'] = 'elsewhere';
  try {
    expect(daemonEnv()).not.toHaveProperty('FLOTILLA_STATE');
    expect(daemonEnv({ FLOTILLA_STATE: 'here' })['FLOTILLA_STATE']).toBe('here');
  } finally {
    delete process.env['FLOTILLA_STATE'];
  }
});
