/** The v1 part of the status, as rows for people. */

import type { V1StatusView } from '../../v1/status.ts';
import type { V1PeerView } from '../../v1/view.ts';
import { count, span } from './words.ts';

/** More than a clock that is set over the network is off by, and less than a code lives. */
const SKEW_SHOWN_MS = 2_000;

/** A row for what is served, and one a peer. */
export function v1Rows(v1: V1StatusView): readonly (readonly string[])[] {
  const { name, serving, intervalMs, peers } = v1;
  const alive = peers.filter(({ state }) => state === 'alive').length;
  const rows = [
    ['v1', servingLine(name, serving)],
    ['v1 peers', `${count(alive, 'peer')} of ${String(peers.length)} alive, ${each(intervalMs)}`],
  ];
  const pin = serving?.pin ?? undefined;
  if (pin !== undefined) rows.push(['v1 key', `SHA-256 ${pin}`]);
  return [...rows, ...peers.map((peer) => ['v1 peer', peerLine(peer)])];
}

function each(intervalMs: number): string {
  return `called each ${span(intervalMs)}`;
}

function servingLine(name: string, serving: V1StatusView['serving']): string {
  if (serving === null) return `as ${name}, calling only: nobody is served (up --v1 HOST:PORT)`;
  const { https, address, path } = serving;
  return `as ${name} at ${https ? 'https' : 'http'}://${address}${path}`;
}

function peerLine(peer: V1PeerView): string {
  const { name, state, address, registeredIn, registeredOut, reflected, skewMs } = peer;
  const parts = [
    `${name} ${address ?? 'nowhere yet'}`,
    STATES[state],
    registration(registeredIn, registeredOut),
  ];
  if (reflected !== null) parts.push(`sees this node at ${reflected}`);
  if (skewMs !== null && Math.abs(skewMs) >= SKEW_SHOWN_MS) {
    parts.push(`its clock is ${span(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead' : 'behind'}`);
  }
  return parts.join(', ');
}

const STATES = { alive: 'alive', suspect: 'silent', lost: 'lost' } as const;

function registration(here: boolean, there: boolean): string {
  if (here && there) return 'registered both ways';
  if (here) return 'registered here, this node not there';
  return there ? 'this node registered there, it not here' : 'not registered';
}
