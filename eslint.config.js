import { builtinModules } from 'node:module';
import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

// What the compiler can't keep out of the machine: clocks, chance, async and ways around the lint.
// Folders are those of DESIGN §11; test/house holds the compiler, this file and the sources to it.
const pureLayers = ['base', 'wire', 'core', 'transport', 'v1', 'sim'].map(
  (layer) => `src/${layer}/**/*.ts`,
);
const impureGlobals = [
  ...['Date', 'Intl', 'performance', 'Promise', 'crypto', 'console', 'process', 'Buffer', 'fetch'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'structuredClone'],
  ...['TextEncoder', 'TextDecoder', 'globalThis', 'eval', 'Function'],
  ...['WeakRef', 'FinalizationRegistry', 'SharedArrayBuffer', 'Atomics'],
];
const mirror = [
  {
    selector: 'Identifier[name=/^(networkInterfaces|localAddress)$/]',
    message: 'R1: the program never learns its own address from the machine.',
  },
  {
    selector: 'ImportExpression[source.value=/child_process/]',
    message: 'The program starts no other program.',
  },
];
const everywhere = [
  { selector: 'ExportDefaultDeclaration', message: 'Export by name.' },
  { selector: 'ExportSpecifier[exported.name=default]', message: 'Export by name.' },
  { selector: 'TSEnumDeclaration', message: 'Use a union of string literals.' },
  { selector: 'TSModuleDeclaration[kind=namespace]', message: 'Use a module.' },
];
const pureSyntax = [
  {
    selector: 'TSTypeReference[typeName.name=/^(Date|Promise|PromiseLike|Async.*|Buffer)$/]',
    message: 'The machine is synchronous and without a clock, its types too.',
  },
  { selector: ':function[async=true]', message: 'The machine is synchronous: return an Effect.' },
  { selector: 'AwaitExpression', message: 'The machine is synchronous.' },
  { selector: 'ForOfStatement[await=true]', message: 'The machine is synchronous.' },
  { selector: 'ImportExpression', message: 'The machine is synchronous.' },
  { selector: 'MetaProperty[meta.name=import]', message: 'The machine knows no place on disk.' },
  {
    selector: 'MemberExpression[property.name=/^(localeCompare|toLocale.*)$/]',
    message: 'Depends on the language settings of the machine it runs on.',
  },
];

export default defineConfig(
  { ignores: ['dist/', 'node_modules/', 'coverage/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    rules: {
      eqeqeq: 'error',
      'no-restricted-syntax': ['error', ...everywhere],
      'max-len': ['error', { code: 100, ignoreUrls: true }],
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strict, tseslint.configs.stylistic],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/ban-ts-comment': ['error', { 'ts-expect-error': true }],
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
      '@typescript-eslint/no-unsafe-argument': 'error',
      '@typescript-eslint/no-unsafe-assignment': 'error',
      '@typescript-eslint/no-unsafe-call': 'error',
      '@typescript-eslint/no-unsafe-member-access': 'error',
      '@typescript-eslint/no-unsafe-return': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/return-await': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // The compiler's isolatedDeclarations asks for types that this rule would take away.
      '@typescript-eslint/no-inferrable-types': 'off',
      // The compiler reports both already.
      '@typescript-eslint/no-unused-vars': 'off',
      'no-undef': 'off',
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'max-lines': ['error', 400],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': ['error', ...everywhere, ...mirror],
      'no-restricted-imports': onlyImport('(?!node:child_process).*', 'anything but child_process'),
    },
  },
  { files: ['src/core/node.ts', 'src/v1/machine.ts'], rules: { 'max-lines': ['error', 500] } },
  {
    files: ['src/crypto/**/*.ts'],
    rules: {
      'no-restricted-imports': onlyImport('node:crypto|otpauth', 'node:crypto and otpauth'),
    },
  },
  {
    files: pureLayers,
    // Nobody talks these layers out of a rule with a comment.
    linterOptions: { noInlineConfig: true },
    rules: {
      'no-restricted-syntax': ['error', ...everywhere, ...mirror, ...pureSyntax],
      'no-restricted-imports': onlyImport('(?!)', 'own files alone'),
      'no-restricted-globals': ['error', ...impureGlobals],
      'no-restricted-properties': ['error', { object: 'Math', property: 'random' }],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // A test may say what it knows of a value better than the compiler does.
      '@typescript-eslint/no-empty-function': 'off',
    },
  },
  {
    // Plain programs for Node: the build, the test runner, benchmarks, preloads.
    files: ['**/*.{js,mjs}'],
    languageOptions: { globals: nodeGlobals() },
  },
  {
    // Where a tool asks for a default export.
    files: ['eslint.config.js', 'vitest.config.ts', 'tools/vitest-counts.mjs'],
    rules: { 'no-restricted-syntax': 'off' },
  },
);

/**
 * Refuses every import that is neither relative nor matches `allowed`, a regular expression's
 * source for the whole specifier, and any name of Node's modules without `node:` in front.
 */
function onlyImport(allowed, words) {
  const bare = builtinModules.filter((name) => !name.includes(':')).join('|');
  return [
    'error',
    {
      patterns: [
        { regex: `^(?!\\.\\.?/|(${allowed})$)`, message: `This layer may import ${words}.` },
        { regex: `^(${bare})(/|$)`, message: 'Name a module of Node with node: in front.' },
      ],
    },
  ];
}

function nodeGlobals() {
  const names = [
    ...['AbortController', 'AbortSignal', 'Buffer', 'URL', 'console', 'fetch', 'performance'],
    ...['process', 'setImmediate', 'setInterval', 'setTimeout', 'clearInterval', 'clearTimeout'],
  ];
  return Object.fromEntries(names.map((name) => [name, 'readonly']));
}
