/** `flotilla dns`: what is served, and how the machine is told to ask there. */

import { UserError } from '../../base/errors.ts';
import { writeJson, writeLine, type Call } from '../command.ts';
import { EXIT, UsageError } from '../exit.ts';
import { dnsPage } from '../output/dns-page.ts';
import { table } from '../output/table.ts';

/** Does what the first word says. */
export async function run(call: Call): Promise<number> {
  const [action = ''] = call.words;
  switch (action) {
    case 'status':
      return status(call);
    case 'records':
      return records(call);
    case 'install':
    case 'uninstall':
      return (await import('./dns-install.ts')).run(call);
    default:
      throw new UsageError(
        'dns-action-unknown',
        `\`flotilla dns ${action}\` is nothing that can be done.`,
        'There are status, records, install and uninstall.',
      );
  }
}

async function status(call: Call): Promise<number> {
  const served = await call.world.connect(call.stateFolder).ask('GET /v2/dns');
  if (call.json) writeJson(call, served);
  else for (const line of dnsPage(served)) writeLine(call, line);
  return EXIT.done;
}

/** Prints a line for each record, as zone files have them. */
async function records(call: Call): Promise<number> {
  const document = await call.world.connect(call.stateFolder).ask('GET /v2/dns/records');
  if (call.json) {
    writeJson(call, document);
    return EXIT.done;
  }
  if (document.zone === null) {
    throw new UserError(
      'dns-off',
      'The daemon serves no names.',
      'Start it with `--dns 127.0.0.1:4153`, or see its log for why it does not.',
    );
  }
  const rows = document.records.map(({ name, ttl, type, data }) => [
    ...[name, String(ttl)],
    ...['IN', type, data],
  ]);
  for (const line of table(rows)) writeLine(call, line);
  return EXIT.done;
}
