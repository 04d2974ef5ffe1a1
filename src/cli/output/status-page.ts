/** The status of a node as a page for people. */

import type { OwnAddressView, SelfState, StatusDocument } from '../../core/view.ts';
import type { ControlStatus } from '../../services/api/control.ts';
import { v1Rows } from './v1-rows.ts';
import type { Paint, Palette } from './paint.ts';
import { table } from './table.ts';
import { count, span } from './words.ts';

/** The page's lines; what would help comes last. */
export function statusPage(status: ControlStatus, palette: Palette): readonly string[] {
  const { self, advice } = status;
  const title = `${palette.strong(self.name)} in cluster ${palette.strong(self.cluster)}: `;
  const rows = [
    ['ID', self.id],
    ...addressRows(self.addresses),
    ['NAT', self.nat === 'unknown' ? 'not known' : self.nat],
    ['members', members(status)],
    ...status.invites.map((invite) => ['invite', inviteLine(invite)]),
    ['beat', span(status.beatMs)],
    ...(status.v1 === undefined ? [] : v1Rows(status.v1)),
  ];
  const dropped = counters(status.counters);
  if (dropped !== '') rows.push(['dropped', dropped]);
  return [
    title + stateWords(self.state, palette),
    ...table(rows).map((line) => `  ${line}`),
    ...advice.map((line) => `${palette.doubtful('!')} ${line}`),
  ];
}

function stateWords(state: SelfState, palette: Palette): string {
  const words: Readonly<Record<SelfState, readonly [Paint, string]>> = {
    alone: [palette.doubtful, 'alone, no other member yet'],
    afloat: [palette.good, 'afloat'],
    orphan: [palette.bad, 'orphan, no member answers'],
  };
  const [paint, text] = words[state];
  return paint(text);
}

function addressRows(addresses: readonly OwnAddressView[]): readonly (readonly string[])[] {
  if (addresses.length === 0) return [['address', 'not known: nobody has seen this node yet']];
  return addresses.map((own) => ['address', addressLine(own)]);
}

/** One voter is said to be one: that is little proof (B3). */
function addressLine({ address, scope, votes, voters, sinceMs }: OwnAddressView): string {
  const said = voters === 1 ? 'one voter' : `${String(votes)} of ${String(voters)} votes`;
  return `${address}  ${scope}, ${said}, for ${span(sinceMs)}`;
}

function members({ members: { total, alive, lost } }: StatusDocument): string {
  const others = total > 1 ? `: ${String(alive)} alive, ${String(lost)} lost` : '';
  return `${String(total)}${others}`;
}

function inviteLine(invite: { readonly usesLeft: number; readonly expiresInMs: number }): string {
  return `${count(invite.usesLeft, 'use')} left, expires in ${span(invite.expiresInMs)}`;
}

function counters(counted: Readonly<Record<string, number>>): string {
  return Object.entries(counted)
    .filter(([, number]) => number > 0)
    .map(([reason, number]) => `${reason} ${String(number)}`)
    .join(', ');
}
