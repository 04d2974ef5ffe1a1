/** `flotilla hosts`: the members as a hosts file, once or for good. */

import { UserError } from '../../base/errors.ts';
import type { MembersDocument } from '../../core/view.ts';
import { LOST_MS, type ZoneSettings } from '../../services/names/hosts.ts';
import { hostsText, isOwnHosts, nextExpiry } from '../../services/names/install/hosts-file.ts';
import { thisMachine, type Machine } from '../../services/names/install/machine.ts';
import { defaultZoneName } from '../../services/names/labels.ts';
import { say, writeJson, type Call } from '../command.ts';
import type { Daemon } from '../daemon.ts';
import { DNS_LOST, DNS_ZONE } from '../dns-flags.ts';
import { EXIT } from '../exit.ts';
import { WATCH } from '../install-flags.ts';

/** Longer timers of Node's ring at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** With `--watch` it ends with the daemon, and leaves the file as it is. */
export async function run(call: Call, machine: Machine = thisMachine): Promise<number> {
  const { settings, world, stateFolder, words } = call;
  const daemon = world.connect(stateFolder);
  const zone = await zoneOf(call, daemon);
  const [file] = words;
  const put = file === undefined ? printer(call, zone) : await writer(file, zone, machine);
  if (!settings.on(WATCH)) {
    await put(await daemon.ask('GET /v2/members'));
    return EXIT.done;
  }
  await follow(daemon, zone, put);
  say(call, 'the daemon has stopped');
  return EXIT.noDaemon;
}

type Put = (view: MembersDocument) => Promise<void> | void;

/** As the daemon serves it; where it serves nothing, as it would. */
async function zoneOf({ settings }: Call, daemon: Daemon): Promise<ZoneSettings> {
  const served = await daemon.ask('GET /v2/dns');
  const { name, lostMs } = served.serving
    ? { name: served.zone, lostMs: served.lostMs }
    : { name: defaultZoneName((await daemon.ask('GET /v2/status')).self.cluster), lostMs: LOST_MS };
  return {
    name: settings.get(DNS_ZONE) ?? name,
    lostMs: settings.get(DNS_LOST) ?? lostMs,
    unproven: false,
  };
}

function printer(call: Call, zone: ZoneSettings): Put {
  let printed = '';
  return (view) => {
    const text = hostsText(view, zone);
    if (text === printed) return;
    printed = text;
    if (call.json) writeJson(call, { schema: 1, zone: zone.name, hosts: text });
    else call.world.stdout.write(text);
  };
}

/** Replaces a file of its own at each change; throws `UserError` for one of somebody else's. */
async function writer(file: string, zone: ZoneSettings, machine: Machine): Promise<Put> {
  let written = await machine.read(file);
  if (written !== undefined && written !== '' && !isOwnHosts(written)) {
    throw new UserError(
      'hosts-file-not-ours',
      `${file} is there, and \`flotilla hosts\` did not write it.`,
      'Name a file of its own, and let the resolver read that one too.',
    );
  }
  return async (view) => {
    const text = hostsText(view, zone);
    if (text !== written) await machine.write(file, text).catch(refuse(file));
    written = text;
  };
}

function refuse(file: string): (error: unknown) => never {
  return (error) => {
    const words = error instanceof Error ? error.message : String(error);
    throw new UserError('hosts-file-not-written', `${file} cannot be written: ${words}.`, '');
  };
}

/** Hands on each view, and looks again when an address of a lost member runs out. */
function follow(daemon: Daemon, zone: ZoneSettings, put: Put): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let last: Promise<void> = Promise.resolve();
  return new Promise<void>((done, fail) => {
    const take = (view: MembersDocument): Promise<void> => {
      clearTimeout(timer);
      const left = nextExpiry(view, zone);
      if (left !== undefined) timer = setTimeout(again, Math.min(left + 1, TIMER_MAX_MS));
      // One after the other: the later view is the one that stays.
      last = last.then(() => put(view));
      return last;
    };
    const again = (): void => {
      daemon.ask('GET /v2/members').then(take).catch(fail);
    };
    const takeAll = async (): Promise<void> => {
      for await (const view of daemon.stream('/v2/events?members=1')) await take(view);
    };
    takeAll().then(done, fail);
  }).finally(() => {
    clearTimeout(timer);
  });
}
