/** One call of the command line, from the words typed to the exit code. */

import { InvariantError } from '../base/assert.ts';
import { UserError } from '../base/errors.ts';
import { defaultStateFolder } from '../runtime/folder.ts';
import type { Problem } from '../services/api/answers.ts';
import type { Call } from './command.ts';
import { readConfig } from './config-file.ts';
import { EXIT, exitCodeOf } from './exit.ts';
import { CONFIG, JSON_OUTPUT, STATE } from './flags.ts';
import { parse } from './program.ts';
import { Settings, type Given } from './settings.ts';

import type { World } from './world.ts';

/** Runs a command and gives its exit code. Never throws but for a broken invariant. */
export async function run(argv: readonly string[], world: World): Promise<number> {
  const parsed = parse(argv, world);
  if (parsed.type === 'said') return saidAll(parsed.mistake, argv, world);
  const { command, words, given } = parsed;
  try {
    // Mistakes in flags are told before anything is loaded or asked.
    const call = await prepare(words, given, world);
    const { run: act } = await command.load();
    return await act(call);
  } catch (error) {
    if (error instanceof InvariantError) throw error;
    report(error, given.has(JSON_OUTPUT.name), world);
    return exitCodeOf(error);
  }
}

/** The parser has told people already; a program that asked for JSON gets its document. */
function saidAll(mistake: string | undefined, argv: readonly string[], world: World): number {
  if (mistake === undefined) return EXIT.done;
  if (argv.includes('--json')) {
    writeProblem({ code: 'usage', message: mistake, hint: '`flotilla --help` shows how.' }, world);
  }
  return EXIT.usage;
}

async function prepare(words: readonly string[], given: Given, world: World): Promise<Call> {
  // Where the config file is cannot stand in the config file.
  const file = new Settings(given, world.env, undefined).get(CONFIG);
  const config = file === undefined ? undefined : await readConfig(file);
  const settings = new Settings(given, world.env, config);
  const stateFolder = settings.get(STATE) ?? defaultStateFolder();
  return { words, settings, stateFolder, json: settings.on(JSON_OUTPUT), world };
}

/** Words for people; with `--json` a document for programs as well. */
function report(error: unknown, json: boolean, world: World): void {
  const problem = problemOf(error);
  world.stderr.write(`flotilla: ${problem.message}\n`);
  if (problem.hint !== '') world.stderr.write(`  ${problem.hint}\n`);
  if (json) writeProblem(problem, world);
}

function writeProblem(problem: Problem, world: World): void {
  world.stdout.write(`${JSON.stringify({ schema: 1, error: problem })}\n`);
}

function problemOf(error: unknown): Problem {
  if (error instanceof UserError) {
    return { code: error.code, message: error.message, hint: error.hint };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'internal', message, hint: 'This should not happen: please report it.' };
}
