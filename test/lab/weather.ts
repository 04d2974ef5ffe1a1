/** Lossy and slow lines: what the lab's provider does to the packets between two nodes. */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Lab } from './lab.ts';

/** The TUN device behind which packets wait, at the provider. */
const device = 'delay0';
/** A routing table that sends everything into the delay line. */
const table = '117';

/**
 * From now on the provider drops so many of a hundred packets, each by chance and for itself; 0
 * ends it. Nothing else is dropped with them: order and timing stay.
 */
export async function setLoss(lab: Lab, percent: number): Promise<void> {
  // Packets that take the delay line pass here twice; only the way out to a customer counts.
  const dice = `oifname "wan" numgen random mod 100 < ${String(percent)} counter drop`;
  const rules = [
    // Made first, so that there is one to delete.
    'add table inet weather',
    'delete table inet weather',
    ...(percent > 0
      ? [
          'add table inet weather',
          'add chain inet weather forward { type filter hook forward priority 0 ; }',
          `add rule inet weather forward ${dice}`,
        ]
      : []),
  ];
  await lab.runAtProvider(['nft', '-f', '-'], `${rules.join('\n')}\n`);
}

/** From now on each packet arrives so many ms later, in both directions, until the lab closes. */
export async function slowDown(lab: Lab, delayMs: number): Promise<void> {
  const program = fileURLToPath(new URL('delay-line.py', import.meta.url));
  const child = lab.spawnAtProvider(['python3', program, device, String(delayMs)]);
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`the delay line ended with ${String(code)}`);
  });
  // After it is ready its end is the lab's business.
  failed.catch(() => {});
  if (child.stdout !== null) await Promise.race([once(child.stdout, 'data'), failed]);
  const quiet = `net.ipv4.conf.${device}.rp_filter=0`;
  await lab.runAtProvider(['sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=0', quiet]);
  const lines = [
    `link set ${device} up`,
    `route add default dev ${device} table ${table}`,
    // What comes out of the line follows the main table, with its black holes.
    `rule add iif wan lookup ${table}`,
  ];
  await lab.runAtProvider(['ip', '-batch', '-'], `${lines.join('\n')}\n`);
}
