import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

describe('docs/errors.md', () => {
  it('lists every error of the source as it is now (node tools/errors.mjs writes it)', () => {
    const printed = execFileSync(process.execPath, ['tools/errors.mjs', '--print']);
    const document = printed.toString('utf8');
    expect(readFileSync('docs/errors.md', 'utf8')).toBe(document);
    for (const code of ['port-taken', 'state-in-use', 'join-spent', 'tag-not-a-tag']) {
      expect(document).toContain(`| \`${code}\` |`);
    }
  }, 30_000);
});
