/** Tells a world, and how it failed, as a page of Markdown that a person can follow. */

import { unreachable } from '../../base/assert.ts';
import { nameOf } from '../fleet.ts';
import type { Weather } from '../network.ts';
import { FAIR } from '../network.ts';
import type { Happening, Incident, NodeDescription, WorldDescription } from './description.ts';
import type { Exchange } from './exchanges.ts';
import type { WorldResult } from './run.ts';

/** Exchanges in a diagram: more than a page of them nobody reads. */
const DRAWN = 40;
/** Lines of the trace at the end. */
const TRACED = 60;

/** The whole page. `runs`: how many it took to shrink the world; undefined: it was not shrunk. */
export function tellStory(world: WorldDescription, result: WorldResult, runs?: number): string {
  const { outcome, failure = '', virtualSeconds, traceHash } = result;
  const names = world.nodes.map((_, index) => String(nameOf(index)));
  const shrunk = runs === undefined ? '' : `, shrunk in ${String(runs)} runs`;
  return [
    `# ${outcome}: ${firstLine(failure)}`,
    `Seed ${String(world.seed)}${shrunk}; ${inSeconds(1_000 * virtualSeconds)} of virtual time; ` +
      `trace \`${traceHash}\`.`,
    '## The world',
    world.nodes.map((node, index) => `- **${names[index] ?? ''}** ${nodeInWords(node)}`).join('\n'),
    `The network: ${weatherInWords(world.weather)}.`,
    '## What happened',
    'Seconds are counted from when everyone had found everyone. ' +
      `Chaos ended at ${inSeconds(world.chaosMs)}.`,
    world.happenings.map((happening) => `- ${inWords(happening, names)}`).join('\n') || 'Nothing.',
    '## The last exchanges',
    diagram(result.exchanges, failure),
    '## The last steps',
    ['```', ...result.story.slice(-TRACED), '```'].join('\n'),
    '## The world as data',
    ['```json', JSON.stringify(world), '```'].join('\n'),
    '',
  ].join('\n\n');
}

/** One node: what it is and where it sits. */
function nodeInWords({ role, router, isp, driftPpm }: NodeDescription): string {
  const what = {
    member: 'is a member',
    latecomer: 'is to join',
    liar: 'is a member that sees others where they are not',
    rogue: 'is a member that does what it likes',
  }[role];
  const where = {
    none: 'with an address of its own',
    home: 'behind a home router that forwards the port',
    cone: 'behind a router that forwards nothing',
  }[router];
  const network = isp === null ? '' : `, always in network ${String(isp)}`;
  return `${what}, ${where}${network}; its clock drifts by ${String(driftPpm)} ppm`;
}

function weatherInWords(weather: Weather): string {
  const { latency, jitter, loss, duplication } = weather;
  if (JSON.stringify(weather) === JSON.stringify(FAIR)) return 'a dull day, nothing is lost';
  const [least, most] = latency;
  const ways = `${least.toFixed(0)} to ${most.toFixed(0)} ms one way, ± ${jitter.toFixed(0)} ms`;
  return `${ways}, ${percent(loss)} lost, ${percent(duplication)} doubled`;
}

/** One happening as a sentence. */
export function inWords(happening: Happening, names: readonly string[]): string {
  const at = inSeconds(happening.atMs);
  const lasting = `for ${inSeconds(happening.lengthMs)}`;
  const name = (node: number): string => names[node] ?? `node ${String(node)}`;
  const list = (nodes: readonly number[]): string => nodes.map(name).join(', ');
  const tell = (words: string): string => `at ${at} ${words}`;
  switch (happening.type) {
    case 'move':
      return tell(`${list(happening.nodes)} move to fresh addresses`);
    case 'swap':
      return tell(`${list(happening.nodes)} swap their addresses`);
    case 'inherit':
      return tell(
        `${name(happening.nodes[0])} gets the address that ${name(happening.nodes[1])} leaves`,
      );
    case 'unplug':
      return tell(`${name(happening.node)} is unplugged ${lasting}`);
    case 'crash':
      return tell(`${name(happening.node)} loses power ${lasting}`);
    case 'crash-at-save':
      return tell(`${name(happening.node)} loses power at its next write, ${lasting}`);
    case 'stall':
      return tell(`${name(happening.node)} stands still ${lasting}`);
    case 'slow':
      return tell(`${name(happening.node)} is slow ${lasting}`);
    case 'suspend':
      return tell(`${name(happening.node)} sleeps ${lasting}`);
    case 'set-wall':
      return tell(`${name(happening.node)} has its wall clock set by ${inSeconds(happening.byMs)}`);
    case 'disk-full':
      return tell(`the disk of ${name(happening.node)} is full ${lasting}`);
    case 'partition': {
      const how = happening.oneWay ? 'cannot reach the others' : 'are cut off from the others';
      return tell(`${list(happening.nodes)} ${how} ${lasting}`);
    }
    case 'weather':
      return tell(`the network turns bad ${lasting}: ${weatherInWords(happening.weather)}`);
    default:
      return tell(incidentInWords(happening, name, lasting));
  }
}

function incidentInWords(
  incident: Exclude<Incident, { type: 'slow' }>,
  name: (node: number) => string,
  lasting: string,
): string {
  switch (incident.type) {
    case 'attack':
      return `${name(incident.node)} begins the attack \`${incident.attack}\``;
    case 'snapshot':
      return `${name(incident.node)} is photographed, and put back to that state ${lasting} later`;
    case 'restore':
      return `the disk of ${name(incident.node)} is copied, and played back ${lasting} later`;
    case 'join':
      return `${name(incident.node)} joins by an invite of ${name(incident.by)}`;
    case 'leave':
      return `${name(incident.node)} leaves for good`;
    case 'thief':
      return `two strangers use one token of ${name(incident.by)}`;
    case 'crowd':
      return `a hundred connections are opened to ${name(incident.by)}`;
    case 'heir':
      return `${name(incident.node)} moves, and a stranger gets its address`;
    case 'scan':
      return 'a stranger begins to send noise to everyone';
    case 'replay':
      return 'a stranger begins to replay what it recorded';
    case 'hello-replay':
      return 'a stranger begins to repeat a recorded hello';
    case 'forward':
      return `somebody races what ${name(incident.node)} sends to ${name(incident.by)}, ${lasting}`;
    default:
      return unreachable(incident);
  }
}

/**
 * The last datagrams as a Mermaid sequence: those of the nodes and strangers that the failure
 * names, when it names any.
 */
function diagram(exchanges: readonly Exchange[], failure: string): string {
  const sites = new Set(exchanges.flatMap(({ from, to }) => [from, to]));
  const words = new Set(firstLine(failure).split(/[^a-z0-9-]+/));
  const named = [...sites].filter((site) => words.has(site));
  const about = ({ from, to }: Exchange): boolean =>
    named.length > 1
      ? named.includes(from) && named.includes(to)
      : named.length === 0 || named.includes(from) || named.includes(to);
  const drawn = exchanges.filter(about).slice(-DRAWN);
  const lines = drawn.map(({ time, from, to, words }) => {
    const said = words.replaceAll(/[;#]/g, ',');
    return `  ${label(from)}->>${label(to)}: ${(time / 1_000).toFixed(3)} ${said}`;
  });
  return ['```mermaid', 'sequenceDiagram', ...lines, '```'].join('\n');
}

/** Mermaid takes letters and digits for a name; addresses have more. */
function label(site: string): string {
  return site.replaceAll(/[^a-zA-Z0-9]/g, '_');
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}

function inSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function percent(part: number): string {
  return `${(100 * part).toFixed(0)} %`;
}
