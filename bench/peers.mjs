/**
 * The scenarios of bench/heal.mjs on us and on our rivals, side by side in one run: for each
 * scenario and each run of it one system after the other, each in a lab of the same layout.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { measureIdle } from './idle.mjs';
import { RivalCluster } from './rivals/cluster.mjs';
import { requireRivals } from './rivals/install.mjs';
import { Nebula } from './rivals/nebula.mjs';
import { Serf } from './rivals/serf.mjs';
import { Tinc } from './rivals/tinc.mjs';
import { Yggdrasil } from './rivals/yggdrasil.mjs';

/** By title. */
const rivals = new Map([Serf, Nebula, Tinc, Yggdrasil].map((Rival) => [Rival.title, Rival]));
const OURS = 'flotilla';
/** Our default heartbeat, in ms: trouble comes at any phase of a system's own period. */
const BEAT_MS = 600;
/** A run waits for no more of a system's period than this before the trouble, in ms. */
const PHASE_MAX = 10_000;
/** What a cluster that just got whole still has to say to itself, in ms. */
const SETTLE_MS = 5_000;
/** Idle is measured after this, for so long, in ms. */
const QUIET_MS = 15_000;
const IDLE_MS = 60_000;
const IDLE_NODES = 10;

/** Who is measured when nobody says. */
export const allSystems = [OURS, ...rivals.keys()].join(',');

/**
 * Measures; each result is one plain object, told as soon as it is known.
 * @param {object} options
 * @param {readonly string[]} options.systems names, each with settings if you like:
 *   `tinc:PingInterval=5`, `nebula:lighthouses=2`
 * @param {readonly string[]} options.scenarios names of scenarios, and `idle`
 * @param {number} options.runs
 * @param {boolean} options.nat
 * @param {import('../test/lab/scenario.ts').PlayOptions} options.play
 * @param {{ Cluster: any, Lab: any, play: any, scenarioOf: any }} lab the lab's own modules
 * @param {(result: object) => void} tell
 */
export async function comparePeers(options, lab, tell) {
  const systems = options.systems.map(systemOf);
  requireRivals(systems.flatMap(({ Rival }) => Rival ?? []));
  for (const name of options.scenarios) {
    for (let run = 0; run < (name === 'idle' ? 1 : options.runs); run += 1) {
      for (const system of systems) {
        const version = system.Rival?.version() ?? ownVersion();
        const what = { system: system.key, version, scenario: name, nat: options.nat, run };
        tell({ ...what, ...(await attempt(system, name, options, lab)) });
      }
    }
  }
}

function ownVersion() {
  const file = new URL('../package.json', import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')).version;
}

/** One run of one system. A rival that fails to start is a result too. */
async function attempt(system, name, options, lab) {
  try {
    if (name === 'idle') return { nodes: await idle(system, options, lab) };
    return { rounds: await trouble(system, lab.scenarioOf(name), options, lab) };
  } catch (error) {
    return { error: String(error) };
  }
}

async function trouble(system, scenario, options, lab) {
  const cluster = await open(system, scenario.nodes, options, lab);
  try {
    await pause(SETTLE_MS + Math.random() * Math.min(PHASE_MAX, periodOf(cluster)));
    return await lab.play(cluster, scenario, options.play);
  } finally {
    await cluster.close();
  }
}

async function idle(system, options, lab) {
  const cluster = await open(system, IDLE_NODES, options, lab);
  try {
    await cluster.quiet?.();
    await pause(QUIET_MS);
    return await measureIdle(cluster, IDLE_MS);
  } finally {
    await cluster.close();
  }
}

async function open({ Rival, settings }, nodes, { nat }, { Cluster, Lab }) {
  const layout = { nodes, homes: nat };
  if (Rival === undefined) return Cluster.start(layout);
  return RivalCluster.start(await Lab.open(layout), Rival, { settings });
}

function periodOf(cluster) {
  return cluster.rival?.periodMs ?? BEAT_MS;
}

/** `tinc:PingInterval=5` is tinc with that setting, in a column of its own. */
function systemOf(key) {
  const [title, words = ''] = key.split(':');
  const Rival = rivals.get(title);
  if (Rival === undefined && title !== OURS) throw new Error(`no system is named ${title}`);
  const pairs = words.split('+').filter((word) => word !== '');
  return { key, Rival, settings: Object.fromEntries(pairs.map((pair) => pair.split('='))) };
}
