/** What bench/peers.mjs measured, as the two tables of docs/benchmarks.md. */
import { groupBy, healCell, mergeTable, spreadCell, updateDocument } from './document.mjs';

/** How long all pairs must go on working, in ms, unless `--hold` says otherwise. */
const USUAL_HOLD = 5_000;

/**
 * @param {readonly Record<string, any>[]} results lines of bench/peers.mjs
 * @param {readonly { name: string, title: string }[]} scenarios in their order
 */
export async function updatePeers(results, scenarios) {
  const heals = results.filter(({ scenario }) => scenario !== 'idle');
  const titleOf = (wanted) => scenarios.find(({ name }) => name === wanted)?.title;
  const idles = results.filter(({ nodes }) => nodes !== undefined);
  await updateDocument((text) => {
    const versions = heals.length > 0 ? [versionsRow(heals)] : [];
    const order = scenarios.flatMap(({ name }) => [name, `${name} --hold 100`, `${name} --nat`]);
    const healed = mergeTable(text, 'peers', [...healRows(heals, titleOf), ...versions], order);
    return mergeTable(healed, 'peers-idle', idles.map(idleRow));
  });
}

function healRows(results, titleOf) {
  return [...groupBy(results, keyOf)].map(([key, ofScenario]) => [
    ['scenario', key],
    ['what happens', titleOf(ofScenario[0].scenario)],
    ...[...groupBy(ofScenario, ({ system }) => system)].map(([system, runs]) => [
      system,
      systemCell(runs),
    ]),
    ['measured', ofScenario.at(-1).measured],
  ]);
}

/** What is not measured in the usual way has a row of its own. */
function keyOf({ scenario, nat, holdMs }) {
  const hold = holdMs === USUAL_HOLD ? '' : ` --hold ${holdMs / 1000}`;
  return `${scenario}${nat ? ' --nat' : ''}${hold}`;
}

/** Each round counts; a run that did not even start has none, and is said. */
function systemCell(runs) {
  const failed = runs.filter(({ error }) => error !== undefined).length;
  const heals = runs.flatMap(({ rounds = [] }) => rounds.map(({ healedMs }) => healedMs));
  const breaks = runs
    .flatMap(({ rounds = [] }) => rounds)
    .reduce((sum, { breaks: n }) => sum + n, 0);
  return [
    healCell(heals, runs[0].boundMs),
    ...(breaks > 0 ? [`broke ${breaks}×`] : []),
    ...(failed > 0 ? [`${failed} never whole`] : []),
  ].join('; ');
}

function versionsRow(results) {
  const versions = groupBy(results, ({ system }) => system);
  return [
    ['scenario', 'version'],
    ['what happens', ''],
    ...[...versions].map(([system, runs]) => [system, runs.at(-1).version]),
    ['measured', results.at(-1).measured],
  ];
}

function idleRow({ system, nat, version, nodes, measured }) {
  const all = (name, scale = 1) => nodes.map((node) => node[name] * scale);
  return [
    ['system', nat ? `${system} --nat` : system],
    ['version', version],
    ['received B/s', spreadCell(all('receivedPerS'), 0)],
    ['sent B/s', spreadCell(all('sentPerS'), 0)],
    ['packets/s', spreadCell(all('packetsPerS'), 1)],
    ['CPU s/min', spreadCell(all('cpuPerMin'), 2)],
    ['resident MB', spreadCell(all('residentKb', 1e-3), 0)],
    ['measured', measured],
  ];
}
