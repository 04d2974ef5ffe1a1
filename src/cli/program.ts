/** The command line as commander parses it, built from the catalogue. */

import { Command as Parser, CommanderError, Option } from 'commander';
import { GROUPS } from './catalogue.ts';
import { V1_GROUPS } from './v1-catalogue.ts';
import type { Command } from './command.ts';
import type { Flag } from './flag.ts';
import { CONFIG, JSON_OUTPUT, STATE } from './flags.ts';
import type { Given } from './settings.ts';
import type { World } from './world.ts';
import { VERSION } from './version.ts';

/** What was typed: a command with its words and flags, a wish for help, or a mistake. */
export type Parsed =
  | {
      readonly type: 'command';
      readonly command: Command;
      readonly words: readonly string[];
      readonly given: Given;
    }
  /** The parser has said what there was to say; without a mistake, help was asked for. */
  | { readonly type: 'said'; readonly mistake: string | undefined };

/** Flags every command takes. */
const COMMON: readonly Flag<unknown>[] = [STATE, CONFIG, JSON_OUTPUT];

const ABOUT = [
  'A cluster of machines that find each other again after any change of address,',
  'with nothing in the middle: no server, no account, no fixed address.',
].join('\n');

const FOOTER = `
First steps:
  attic$   flotilla up --name attic
  attic$   flotilla invite                  prints a token
  cellar$  flotilla up --name cellar --join TOKEN
  cellar$  flotilla members

Every flag can be set in the environment (FLOTILLA_NAME for --name) and in a file (--config);
\`flotilla COMMAND --help\` names them.

Exit codes: 0 done, 1 failed, 2 usage, 3 no daemon running, 4 unknown name, 5 not reachable.`;

/** Commands that are promised for later releases; what they resemble is no help. */
const LATER: readonly string[] = [
  ...['remove', 'approve', 'why', 'doctor'],
  ...['expose', 'forward', 'proxy'],
];

/** Parses the words typed; help and complaints go to the world's sinks. */
export function parse(typed: readonly string[], world: World): Parsed {
  const argv = asCommand(typed);
  // Set by the action of the command that commander found.
  let parsed: Parsed | undefined;
  const root = new Parser('flotilla')
    .description(ABOUT)
    .version(VERSION, '--version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand(HELP, 'show help for a command')
    .usage('COMMAND [flags]')
    .addHelpText('after', FOOTER)
    .showSuggestionAfterError()
    .showHelpAfterError('  `flotilla --help` lists all commands.')
    .configureHelp({ subcommandTerm: (one) => (one.name() === 'help' ? HELP : one.name()) })
    .enablePositionalOptions();
  speakThrough(root, world);
  for (const flag of COMMON) root.addOption(optionOf(flag).hideHelp());
  for (const [title, commands] of GROUPS) {
    for (const command of commands) {
      const words = command.name.split(' ');
      const above = pathTo(root, words.slice(0, -1), title, world);
      const page = (above.at(-1) ?? root).command(words.at(-1) ?? '', {
        hidden: command.hidden === true,
      });
      if (above.length === 1) page.helpGroup(`${title}:`);
      page.summary(command.summary);
      // The flags of all others cost a daemon a megabyte that it never looks at again.
      if (words.every((word) => argv.includes(word))) describe(page, command, world);
      page.action(() => {
        // `flotilla --state X members` and `flotilla members --state X` are the same.
        const given = new Map([...above, page].flatMap((parser) => [...givenTo(parser)]));
        parsed = { type: 'command', command, words: page.args, given };
      });
    }
  }
  try {
    const [first = ''] = argv;
    if (LATER.includes(first) && !isCommand(first)) {
      root.error(`unknown command '${first}': it is not in this release yet`);
    }
    root.parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { type: 'said', mistake: error.exitCode === 0 ? undefined : mistakeOf(error) };
  }
  return parsed ?? { type: 'said', mistake: NO_COMMAND };
}

/**
 * The root and the parsers below it for the words before a command's last, made if need be: `v1`,
 * `v1 user`.
 */
function pathTo(root: Parser, words: readonly string[], title: string, world: World): Parser[] {
  const path = [root];
  words.forEach((word, index) => {
    const above = path.at(-1) ?? root;
    const found = above.commands.find((one) => one.name() === word);
    path.push(found ?? group(above, words.slice(0, index + 1), title, world));
  });
  return path;
}

/** A parser that only has others below it. */
function group(above: Parser, words: readonly string[], title: string, world: World): Parser {
  const name = words.join(' ');
  const about = V1_GROUPS.get(name) ?? '';
  const made = above
    .command(words.at(-1) ?? '')
    .summary(about)
    .description(`${about.charAt(0).toUpperCase()}${about.slice(1)}.`)
    .usage('COMMAND [flags]')
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .showHelpAfterError(`  \`flotilla ${name} --help\` lists its commands.`)
    .showSuggestionAfterError();
  if (words.length === 1) made.helpGroup(`${title}:`);
  speakThrough(made, world);
  for (const flag of COMMON) made.addOption(optionOf(flag).hideHelp());
  return made;
}

/** The list of commands shows of all others the name alone: flags are for their own pages. */
const HELP = 'help [command]';

const NO_COMMAND = 'A command is missing.';

/** What a program is told in one line; people have read the help by now. */
function mistakeOf({ code, message }: CommanderError): string {
  return code === 'commander.help' ? NO_COMMAND : plain(message).replaceAll('\n', ' ');
}

/**
 * The words as one form of asking: `help COMMAND` is `COMMAND --help`. A command that does not
 * exist stands alone, or commander would show the help of all the others instead of saying so.
 */
function asCommand(argv: readonly string[]): readonly string[] {
  const at = commandAt(argv, 0);
  const [first, second] = [argv[at], argv[commandAt(argv, at + 1)]];
  if (first !== 'help') return first === undefined || isCommand(first) ? argv : [first];
  if (second === undefined) return ['--help'];
  return isCommand(second) ? [...argv.slice(commandAt(argv, at + 1)), '--help'] : [second];
}

/** Where the first word from there on is that is neither a flag of every command nor its value. */
function commandAt(argv: readonly string[], from: number): number {
  const valued = COMMON.filter(({ value }) => value !== undefined).map(({ name }) => `--${name}`);
  let at = from;
  while (argv[at]?.startsWith('-') === true) at += valued.includes(argv[at] ?? '') ? 2 : 1;
  return at;
}

function isCommand(word: string): boolean {
  return GROUPS.some(([, commands]) => commands.some(({ name }) => name.split(' ')[0] === word));
}

function describe(page: Parser, command: Command, world: World): void {
  page
    .showHelpAfterError(`  \`flotilla ${command.name} --help\` shows how.`)
    .description(command.about.join(' '))
    .helpOption('-h, --help', 'show help')
    .addHelpText('after', notes(command));
  speakThrough(page, world);
  for (const [form, help] of command.words) page.argument(form, help);
  for (const flag of [...command.flags, ...COMMON]) page.addOption(optionOf(flag));
}

function notes({ examples, exits }: Command): string {
  const codes = ['0  done', '1  failed', '2  wrong usage', ...exits.filter(isOwn)];
  const failed = exits.find((line) => line.startsWith('1 '));
  if (failed !== undefined) codes[1] = failed;
  return [
    '',
    'Examples:',
    ...examples.map((example) => `  ${example}`),
    '',
    'Exit codes:',
    ...codes.map((code) => `  ${code}`),
  ].join('\n');
}

function isOwn(line: string): boolean {
  return !line.startsWith('1 ');
}

function speakThrough(parser: Parser, world: World): void {
  parser.exitOverride().configureOutput({
    writeOut: (text) => {
      world.stdout.write(text);
    },
    writeErr: (text) => {
      world.stderr.write(text);
    },
    outputError: (text, write) => {
      write(`flotilla: ${plain(text)}`);
    },
    getOutHelpWidth: () => world.stdout.columns ?? 100,
    getErrHelpWidth: () => world.stderr.columns ?? 100,
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  });
}

/** Commander's own words, without its greeting. */
function plain(text: string): string {
  return text.replace(/^error: /, '');
}

/** Reading the texts is the flag's own affair: they may come from elsewhere too. */
function optionOf(flag: Flag<unknown>): Option {
  const short = flag.short === undefined ? '' : `-${flag.short}, `;
  const value = flag.value === undefined ? '' : ` <${flag.value}>`;
  const option = new Option(`${short}--${flag.name}${value}`, `${flag.help} [${flag.env}]`);
  if (flag.value === undefined) return option;
  return option.argParser((text, before: readonly string[] | undefined) => [
    ...(before ?? []),
    text,
  ]);
}

function givenTo(parser: Parser): Given {
  const given = new Map<string, readonly string[]>();
  for (const option of parser.options) {
    const value: unknown = parser.getOptionValue(option.attributeName());
    if (value === true) given.set(option.name(), ['true']);
    else if (Array.isArray(value)) given.set(option.name(), value as readonly string[]);
  }
  return given;
}
