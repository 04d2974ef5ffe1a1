/** The fuzzer itself (tools/fuzz): it is led by what ran, and tells of what broke. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';

/** Four octets, one behind the other: chance alone would need some four thousand million inputs. */
const HIDING = `
export function run(input) {
  if (input[0] === 0x46)
    if (input[1] === 0x55)
      if (input[2] === 0x5a)
        if (input[3] === 0x21) throw new Error('found it');
  return [];
}
`;

/** The fuzzer on that, up to half a minute of it; prints the first finding. */
function program(hiding: string): string {
  const tools = new URL('../../tools/fuzz/', import.meta.url).href;
  return `
const { Coverage } = await import('${tools}coverage.mjs');
const { Loop } = await import('${tools}loop.mjs');
const coverage = new Coverage((url) => url.endsWith('hiding.mjs'));
const { run } = await import('${hiding}');
coverage.keep(coverage.take());
coverage.forget();
const loop = new Loop({ run, lengthMax: 64 }, coverage, 7);
await loop.load([new Uint8Array(24)]);
for (let turn = 0; turn < 300 && loop.findings.size === 0; turn += 1) await loop.fuzz(100);
const [{ input, error }] = loop.findings.values();
console.log(JSON.stringify({ input: [...input], told: error.message, kept: loop.corpus.length }));
`;
}

it('finds what hides behind four octets, one at a time, and makes the input short', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'flotilla-fuzzer-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'hiding.mjs'), HIDING);
  const text = program(join(folder, 'hiding.mjs'));
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...['--input-type=module', '--eval', text],
  ]);
  expect(JSON.parse(stdout)).toEqual({
    input: [0x46, 0x55, 0x5a, 0x21],
    told: 'found it',
    // The first, and one for each octet that led further.
    kept: 4,
  });
}, 60_000);
