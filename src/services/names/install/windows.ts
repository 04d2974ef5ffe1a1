/**
 * Windows: a rule of the Name Resolution Policy Table (Add-DnsClientNrptRule). A rule can name a
 * server but no port, and its comment is what tells ours from others.
 */

import { UserError } from '../../../base/errors.ts';
import type { Command, Resolver } from './plan.ts';

/** The comment of every rule that is made here. */
const COMMENT = 'Made by flotilla dns install';

export const windows: Resolver = {
  name: 'windows',
  folders: [],
  mayBeOurs: () => false,
  plan: ({ zone, ip, port }) => {
    if (port !== 53) {
      throw new UserError(
        'dns-port-not-53',
        `Windows asks DNS servers on port 53 alone; the daemon answers on ${String(port)}.`,
        'Start the daemon with `flotilla up --dns 127.0.0.1:53`; that needs no administrator.',
      );
    }
    return {
      resolver: 'windows',
      files: [],
      checks: [],
      apply: [
        powershell(
          `if (Get-DnsClientNrptRule | Where-Object { $_.Namespace -contains '.${zone}' ` +
            `-and $_.Comment -ne '${COMMENT}' }) ` +
            `{ throw 'A rule for .${zone} is there that flotilla did not make.' }`,
          `Get-DnsClientNrptRule | Where-Object { ${ours(zone)} } | ${REMOVE}`,
          `Add-DnsClientNrptRule -Namespace '.${zone}','${zone}' -NameServers '${ip}' ` +
            `-Comment '${COMMENT}'`,
          'Clear-DnsClientCache',
        ),
      ],
      notes: [],
    };
  },
  forget: (_facts, _folders, zone) => [
    powershell(
      `Get-DnsClientNrptRule | Where-Object { ${ours(zone)} } | ${REMOVE}`,
      'Clear-DnsClientCache',
    ),
  ],
};

const REMOVE = 'ForEach-Object { Remove-DnsClientNrptRule -Name $_.Name -Force }';

/** A zone has letters, digits, hyphens and dots: nothing in it ends a string of PowerShell. */
function ours(zone: string | undefined): string {
  const which = zone === undefined ? '' : ` -and $_.Namespace -contains '.${zone}'`;
  return `$_.Comment -eq '${COMMENT}'${which}`;
}

function powershell(...statements: readonly string[]): Command {
  const script = ["$ErrorActionPreference = 'Stop'", ...statements].join('; ');
  return ['powershell.exe', '-NoProfile', '-NonInteractive', '-Command', script];
}
