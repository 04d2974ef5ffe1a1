/** `flotilla up`: the daemon, in the foreground. */

import { resolve } from 'node:path';
import type { FlotillaOptions } from '../../runtime/options.ts';
import { writeJson, type Call } from '../command.ts';
import { runDaemon } from '../daemon-life.ts';
import { namesWish } from '../daemon-names.ts';
import { EXIT } from '../exit.ts';
import * as flags from '../flags.ts';
import { Log } from '../output/log.ts';
import type { Settings } from '../settings.ts';
import { tokenFromSettings } from '../token-setting.ts';
import { v1Wish } from '../v1-wish.ts';
import { welcome, type Facts } from '../output/welcome.ts';

/** Ends with 0 after SIGTERM, SIGINT, `down` or `leave`. */
export async function run(call: Call): Promise<number> {
  const { settings, world } = call;
  // Refused when it asks for what is not there yet.
  settings.get(flags.API);
  const format = settings.get(flags.LOG_FORMAT) ?? 'text';
  const level = settings.get(flags.LOG_LEVEL) ?? 'info';
  const log = new Log(world.stderr, format, level, () => new Date());
  const state = resolve(call.stateFolder);
  const options = await optionsOf(settings, state, world.stdin);
  const services = { names: namesWish(settings) };
  const ending = await runDaemon(options, services, log, (flotilla) => {
    const { id, name, clusterName: cluster, memberCount: members, port } = flotilla;
    const serving = flotilla.status().v1?.serving ?? undefined;
    const v1 = serving === undefined ? {} : { v1: serving };
    const facts: Facts = { id, name, cluster, members, port, state, ...v1 };
    const atUsualPlace = settings.origin(flags.STATE)?.source !== '--state';
    log.banner(welcome(facts, atUsualPlace));
    if (format === 'json') {
      log.entry({ level: 'info', code: 'up', message: `${name} is up`, fields: { ...facts } });
    }
    if (call.json) writeJson(call, { schema: 1, ...facts });
  });
  return ending === 'stopped' ? EXIT.done : EXIT.failed;
}

/** What was set; the runtime knows the defaults and judges the values. */
async function optionsOf(
  settings: Settings,
  state: string,
  stdin: Call['world']['stdin'],
): Promise<FlotillaOptions> {
  const tags = settings.get(flags.TAG);
  const wished = {
    name: settings.get(flags.NAME),
    cluster: settings.get(flags.CLUSTER),
    port: settings.get(flags.PORT),
    bind: settings.get(flags.BIND),
    lan: settings.get(flags.LAN),
    beatMs: settings.get(flags.BEAT),
    tags: tags === undefined ? undefined : Object.fromEntries(tags),
    v1: await v1Wish(settings),
    join: () => tokenFromSettings(settings, stdin),
  };
  return { state, ...withoutGaps(wished) };
}

/** An option left out and one that is undefined are two things to the compiler. */
function withoutGaps<T extends object>(
  options: T,
): { readonly [K in keyof T]?: Exclude<T[K], undefined> } {
  const set = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
