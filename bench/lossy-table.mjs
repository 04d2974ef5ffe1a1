/** What bench/lossy.mjs measured, as the two tables of docs/benchmarks.md. */
import { groupBy, healCell, mergeTable, updateDocument } from './document.mjs';

const titles = {
  calm: 'nothing lost',
  loss: '20 % lost',
  late: '300 ms late each way',
  burst: '50 % lost for 10 s of each 30 s',
};

/** @param {readonly Record<string, any>[]} results lines of bench/lossy.mjs */
export async function updateLossy(results) {
  const heals = results.filter(({ type }) => type === 'heal');
  const verdicts = results.filter(({ type }) => type === 'verdicts');
  const order = Object.values(titles);
  await updateDocument((text) => {
    const healed = mergeTable(text, 'lossy', healRows(heals), order);
    return mergeTable(healed, 'verdicts', verdictRows(verdicts), order);
  });
}

function healRows(results) {
  return [...groupBy(results, ({ weather }) => weather)].map(([weather, ofWeather]) => [
    ['network', titles[weather]],
    ...[...groupBy(ofWeather, ({ scenario, title }) => `${scenario}, ${title}`)].map(
      ([scenario, lines]) => [
        scenario,
        healCell(
          lines.flatMap(({ healed }) => healed),
          lines[0].boundMs,
        ),
      ],
    ),
    ['measured', ofWeather.at(-1).measured],
  ]);
}

/** Several lines of one network and system are one longer measurement. */
function verdictRows(results) {
  return [...groupBy(results, ({ weather }) => weather)].map(([weather, ofWeather]) => {
    const systems = groupBy(ofWeather, ({ system }) => system);
    const [first] = systems.values();
    const hours = sum(first, 'nodeHours');
    return [
      ['network', titles[weather]],
      ['node-hours', hours.toFixed(2)],
      ...[...systems].flatMap(([system, lines]) => [
        [`${system}: lost`, rateCell(sum(lines, 'lost'), hours)],
        [`${system}: suspect`, rateCell(sum(lines, 'suspect'), hours)],
      ]),
      ['measured', ofWeather.at(-1).measured],
    ];
  });
}

function sum(lines, name) {
  return lines.reduce((total, line) => total + line[name], 0);
}

/** `how many (per node-hour)`. */
function rateCell(count, hours) {
  const rate = count / hours;
  return `${count} (${rate.toFixed(rate < 10 ? 1 : 0)})`;
}
