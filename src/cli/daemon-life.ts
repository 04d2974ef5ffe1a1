/** A daemon from start to end: a node, its control API, its log, the signals that stop it. */

import { UserError } from '../base/errors.ts';
import { Flotilla } from '../runtime/flotilla.ts';
import type { FlotillaOptions } from '../runtime/options.ts';
import { createApi } from '../services/api/api.ts';
import { eventDocument } from '../services/api/event-document.ts';
import { serveApi } from '../services/api/server.ts';
import { serveNames, type NamesWish } from './daemon-names.ts';
import type { Log } from './output/log.ts';

/** How a daemon ended: because somebody said so, or because a rule of our own broke. */
export type Ending = 'stopped' | 'broken';

/** A stop has to be over in two seconds (DESIGN §9); what hangs then is cut. In milliseconds. */
const STOP_MAX_MS = 1_900;

const SIGNALS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT'];

/** Runs a node until a signal, `down`, `leave` or a fault ends it; calls `ready` once it serves. */
export async function runDaemon(
  options: FlotillaOptions,
  services: Services,
  log: Log,
  ready: (flotilla: Flotilla) => void,
): Promise<Ending> {
  const stop = new AbortController();
  const requestStop = (): void => {
    stop.abort();
  };
  for (const signal of SIGNALS) process.once(signal, requestStop);
  outliveReaders();
  let ending: Ending = 'stopped';
  const broken = (error: unknown): void => {
    ending = 'broken';
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    log.entry({ level: 'error', code: 'internal', message });
    requestStop();
  };
  try {
    const logLine: FlotillaOptions['log'] = (line) => {
      log.entry(line);
    };
    const flotilla = await Flotilla.start(
      { ...options, log: logLine, onFatal: broken },
      { signal: stop.signal },
    );
    await serve(flotilla, services, { log, stop, broken, ready });
  } catch (error) {
    if (!(error instanceof UserError && error.code === 'aborted' && stop.signal.aborted))
      throw error;
  } finally {
    for (const signal of SIGNALS) process.off(signal, requestStop);
  }
  return ending;
}

/** Whoever read the log may go, as `up | head` does; that is no reason to leave the cluster. */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.removeAllListeners('error').on('error', () => undefined);
  }
}

/** What a daemon serves besides the node. */
export interface Services {
  readonly names: NamesWish;
}

interface Course {
  readonly log: Log;
  readonly stop: AbortController;
  readonly broken: (error: unknown) => void;
  readonly ready: (flotilla: Flotilla) => void;
}

async function serve(
  flotilla: Flotilla,
  services: Services,
  { log, stop, broken, ready }: Course,
): Promise<void> {
  let settleEnded: () => void = () => undefined;
  const ended = new Promise<void>((settle) => {
    settleEnded = settle;
  });
  const down = (): Promise<void> => {
    stop.abort();
    return ended;
  };
  const stopped = aborted(stop.signal);
  await using _closing = flotilla;
  const names = await serveNames(flotilla, services.names, log);
  const steered = { control: flotilla, down, names };
  const api = await serveApi(createApi(steered), flotilla.stateFolder, broken);
  const logging = logEvents(flotilla, log);
  ready(flotilla);
  await Promise.race([stopped, flotilla.closed]);
  const hung = setTimeout(() => {
    log.entry({ level: 'error', code: 'stop-hung', message: 'stopping took too long' });
    process.exit(1);
  }, STOP_MAX_MS).unref();
  // No command may find a socket whose daemon has let go of the state folder.
  await api.stop();
  await names?.close();
  await flotilla.close();
  settleEnded();
  await api.finish();
  await logging;
  clearTimeout(hung);
  log.entry({ level: 'info', code: 'stopped', message: 'stopped' });
}

async function logEvents(flotilla: Flotilla, log: Log): Promise<void> {
  for await (const event of flotilla.events()) log.event(eventDocument(event, new Date()));
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((settle) => {
    if (signal.aborted) settle();
    signal.addEventListener('abort', () => {
      settle();
    });
  });
}
