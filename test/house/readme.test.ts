import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { GROUPS } from '../../src/cli/catalogue.ts';

/** The `flotilla` lines of the README's shell blocks, without their environment. */
function commandLines(): readonly string[] {
  const blocks = [...readFileSync('README.md', 'utf8').matchAll(/```sh\n([^]*?)```/g)];
  return blocks.flatMap(([, block]) => (block ?? '').split('\n').filter((line) => line !== ''));
}

describe('README.md', () => {
  it('fits one screen of a tall terminal', () => {
    expect(readFileSync('README.md', 'utf8').split('\n').length).toBeLessThanOrEqual(80);
  });

  it.each(commandLines())('says a command that exists, with flags that exist: %s', (line) => {
    const [program, name, ...rest] = line.split(' ');
    expect(program).toBe('flotilla');
    const command = GROUPS.flatMap(([, commands]) => commands).find((one) => one.name === name);
    expect(command).toBeDefined();
    const flags =
      command?.flags.flatMap((flag) => [`--${flag.name}`, `-${flag.short ?? ''}`]) ?? [];
    for (const word of rest) if (word.startsWith('-')) expect(flags).toContain(word);
  });
});
