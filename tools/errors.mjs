// Writes docs/errors.md from the source: every error an operator can meet, with what helps.
// `node tools/errors.mjs` writes it, `--print` shows it; test/house/errors.test.ts compares.
import { readFileSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Where a code, a message and a hint stand among the arguments. */
const MAKERS = { UserError: 0, UsageError: 0, refuse: 2 };

/** The words of a string or template; what is put in at run time shows as `…`. */
function words(node) {
  if (node === undefined) return '';
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) {
    return node.head.text + node.templateSpans.map((span) => `…${span.literal.text}`).join('');
  }
  if (ts.isBinaryExpression(node)) return words(node.left) + words(node.right);
  return '…';
}

/** All errors of one file: code, message, hint. */
function errorsOf(path) {
  const source = ts.createSourceFile(
    path,
    readFileSync(path, 'utf8'),
    ts.ScriptTarget.Latest,
    true,
  );
  const found = [];
  const visit = (node) => {
    if (ts.isNewExpression(node) || ts.isCallExpression(node)) {
      const at = MAKERS[node.expression.getText(source)];
      const code = at === undefined ? undefined : node.arguments?.[at];
      if (code !== undefined && ts.isStringLiteralLike(code)) {
        found.push([code.text, words(node.arguments[at + 1]), words(node.arguments[at + 2])]);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** The document as it should be. */
async function errorsDocument() {
  const files = (await readdir(join(root, 'src'), { recursive: true })).filter((f) =>
    f.endsWith('.ts'),
  );
  const rows = new Map();
  for (const file of files.sort()) {
    for (const [code, message, hint] of errorsOf(join(root, 'src', file))) {
      const row = `| \`${code}\` | ${escape(message)} | ${escape(hint)} |`;
      rows.set(`${code} ${message}`, row);
    }
  }
  const lines = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  return [
    '# Errors',
    '',
    'Every error an operator can meet: its code (stable, also in `--json`), what it says,',
    'what helps. `…` stands for what is put in at run time. Written by `node tools/errors.mjs`.',
    '',
    '| code | says | what helps |',
    '|---|---|---|',
    ...lines,
    '',
  ].join('\n');
}

function escape(text) {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

if (process.argv.includes('--print')) process.stdout.write(await errorsDocument());
else writeFileSync(join(root, 'docs', 'errors.md'), await errorsDocument());
