/** `flotilla dns install` and `uninstall`: this machine's resolver is told of the zone. */

import { parseAddress, scopeOf, type Address } from '../../base/address.ts';
import { assert } from '../../base/assert.ts';
import { UserError } from '../../base/errors.ts';
import {
  carryOut,
  findTraces,
  removeTraces,
  type Done,
} from '../../services/names/install/carry-out.ts';
import { findResolver, look, resolvers } from '../../services/names/install/find.ts';
import { codeOf, thisMachine, type Machine } from '../../services/names/install/machine.ts';
import type {
  Command,
  Facts,
  Plan,
  ResolverName,
  Target,
} from '../../services/names/install/plan.ts';
import { say, writeJson, writeLine, type Call } from '../command.ts';
import { DNS, DNS_ZONE } from '../dns-flags.ts';
import { EXIT } from '../exit.ts';
import { PRINT, RESOLVER } from '../install-flags.ts';

/** Does what the first word says; `machine` is another one in tests. */
export async function run(call: Call, machine: Machine = thisMachine): Promise<number> {
  const act = call.words[0] === 'uninstall' ? uninstall : install;
  try {
    await act(call, machine);
  } catch (error) {
    throw withAdvice(error, call);
  }
  return EXIT.done;
}

async function install(call: Call, machine: Machine): Promise<void> {
  const target = await targetOf(call);
  const facts = await look(machine);
  const named = call.settings.get(RESOLVER);
  const plan = (named === undefined ? findResolver(facts) : resolvers[named]).plan(target, facts);
  const isPrinted = call.settings.on(PRINT);
  if (!isPrinted) refuseElsewhere(plan.resolver, facts);
  const names = { resolver: plan.resolver, zone: target.zone };
  if (isPrinted) {
    if (call.json) writeJson(call, { schema: 1, done: false, ...plan, zone: target.zone });
    else printPlan(call, plan);
    return;
  }
  const done = await carryOut(plan, machine);
  if (call.json) writeJson(call, { schema: 1, done: true, ...names, ...done });
  else tell(call, 'wrote', done);
  const isTold = plan.apply.length > 0 && plan.apply.every((one) => done.ran.includes(one));
  const when = isTold ? 'now' : 'once it has read that';
  say(call, `${plan.resolver} asks the daemon for names in ${target.zone} ${when}`);
}

async function uninstall(call: Call, machine: Machine): Promise<void> {
  const { settings } = call;
  const zone = settings.get(DNS_ZONE);
  const facts = await look(machine);
  const named = settings.get(RESOLVER);
  const isHere = (name: string): boolean =>
    (name === 'windows') === (facts.platform === 'win32') && (named ?? name) === name;
  const among = Object.values(resolvers).filter(({ name }) => isHere(name));
  const traces = await findTraces(among, zone, machine);
  const rules =
    facts.platform === 'win32' ? among.flatMap((one) => one.forget(facts, [], zone)) : [];
  const files = traces.map(({ path }) => path);
  if (settings.on(PRINT)) {
    if (call.json) writeJson(call, { schema: 1, done: false, files, ran: [], notes: [] });
    else for (const path of files) writeLine(call, `remove ${path}`);
    for (const rule of rules) say(call, `run ${shown(rule)}`);
    return;
  }
  const done = await removeTraces(traces, facts, machine, rules);
  if (call.json) writeJson(call, { schema: 1, done: true, ...done });
  else tell(call, 'removed', done);
  if (files.length + rules.length === 0) say(call, 'nothing is installed');
}

/** The plan of another system's resolver can be printed, and carried out there. */
function refuseElsewhere(name: ResolverName, { platform }: Facts): void {
  const of = name === 'macos' ? 'darwin' : 'win32';
  if ((name !== 'macos' && name !== 'windows') || platform === of) return;
  throw new UserError(
    'dns-resolver-elsewhere',
    `The resolver of ${name} is not on this machine.`,
    'Add --print to see what would be done there.',
  );
}

/** The zone and where it is answered: as the flags say, or else as the daemon does. */
async function targetOf({ settings, world, stateFolder }: Call): Promise<Target> {
  const places = settings.get(DNS)?.filter((one) => one !== 'off');
  const [given] = places ?? [];
  const zone = settings.get(DNS_ZONE);
  if (given !== undefined && zone !== undefined) return { zone, ...reached(given) };
  const served = await world.connect(stateFolder).ask('GET /v2/dns');
  if (!served.serving) {
    throw new UserError(
      'dns-off',
      'The daemon serves no names.',
      'Start it with `--dns 127.0.0.1:4153`, or see its log for why it does not.',
    );
  }
  const read = served.listen.flatMap((text) => parseAddress(text) ?? []);
  const best = given ?? read.find((one) => scopeOf(one) === 'loopback') ?? read[0];
  assert(best !== undefined, 'a server listens somewhere');
  return { zone: zone ?? served.zone, ...reached(best) };
}

/** Who listens on all addresses is asked on loopback. */
function reached({ family, ip, port }: Address): { readonly ip: string; readonly port: number } {
  const every = ip === '0.0.0.0' || ip === '::';
  if (!every) return { ip, port };
  return { ip: family === 4 ? '127.0.0.1' : '::1', port };
}

/** As it would have to be done by hand. */
function printPlan(call: Call, { files, checks, apply, notes }: Plan): void {
  for (const { path, text } of files) {
    writeLine(call, `write ${path}`);
    for (const line of text.trimEnd().split('\n')) writeLine(call, `    ${line}`);
  }
  for (const command of [...checks, ...apply]) writeLine(call, `run ${shown(command)}`);
  for (const note of notes) say(call, note);
}

function tell(call: Call, verb: string, { files, ran, notes }: Done): void {
  for (const path of files) writeLine(call, `${verb} ${path}`);
  for (const command of ran) writeLine(call, `ran ${shown(command)}`);
  for (const note of notes) say(call, note);
}

/** As one would type it into a shell. */
function shown(command: Command): string {
  const plain = /^[\w./=-]+$/;
  return command.map((word) => (plain.test(word) ? word : `"${word}"`)).join(' ');
}

/** Most of what fails here fails because this is not root. */
function withAdvice(error: unknown, { words, stateFolder }: Call): unknown {
  const code = codeOf(error);
  if (code !== 'EACCES' && code !== 'EPERM') return error;
  return new UserError(
    'dns-needs-root',
    `This user may not change the resolver’s files (${String(error)}).`,
    `Try \`sudo flotilla dns ${words[0] ?? ''} --state ${stateFolder}\`; --print changes nothing.`,
    { cause: error },
  );
}
