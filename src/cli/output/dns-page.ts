/** How names are served, as a page for people. */

import type { DnsDocument } from '../../services/api/answers.ts';
import { table } from './table.ts';
import { count, span } from './words.ts';

/** The page's lines. */
export function dnsPage(served: DnsDocument): readonly string[] {
  if (!served.serving) {
    return ['No names are served. Start the daemon with `--dns 127.0.0.1:4153`, or see its log.'];
  }
  const { zone, listen, upstream, lostMs, names, serial, counters } = served;
  const asked = Object.entries(counters)
    .filter(([, number]) => number > 0)
    .map(([reason, number]) => `${reason} ${String(number)}`);
  const rows = [
    ...listen.map((address) => ['address', `${address}, UDP and TCP`]),
    ['names', `${String(names)}, after ${count(serial, 'change')}`],
    ['lost', lostMs === 0 ? 'no address' : `the last address for ${span(lostMs)}`],
    ['outside', upstream === null ? 'refused' : `asked of ${upstream}`],
    ['asked', asked.length === 0 ? 'nothing yet' : asked.join(', ')],
  ];
  return [`Names in ${zone}`, ...table(rows).map((line) => `  ${line}`)];
}
