/** The members as a table for people. */

import type { MembersDocument, MemberView } from '../../core/view.ts';
import type { Palette } from './paint.ts';
import { header, table, type Cell } from './table.ts';
import { span } from './words.ts';

const TITLES = ['NAME', 'STATE', 'ADDRESS', 'PROOF', 'PATH', 'RTT', 'MOVES', 'TAGS'];
const NOTHING = '-';

/** One line a member, this node first, then by name. */
export function membersTable(document: MembersDocument, palette: Palette): readonly string[] {
  const members = [...document.members].sort(order);
  return table([header(TITLES, palette.quiet), ...members.map((member) => row(member, palette))]);
}

function order(a: MemberView, b: MemberView): number {
  if (a.state === 'self') return -1;
  if (b.state === 'self') return 1;
  return a.name < b.name ? -1 : 1;
}

function row(member: MemberView, palette: Palette): readonly Cell[] {
  const { name, address, path, rttMs, moves } = member;
  const tags = Object.entries(member.tags).map(([key, value]) => `${key}=${value}`);
  return [
    { text: name, paint: palette.strong },
    stateCell(member, palette),
    address ?? NOTHING,
    proofCell(member, palette),
    path ?? NOTHING,
    rttMs === null ? NOTHING : span(rttMs),
    String(moves),
    tags.length === 0 ? NOTHING : tags.join(' '),
  ];
}

function stateCell({ state, lastHeardMs, protocol }: MemberView, palette: Palette): Cell {
  const silent = lastHeardMs === null ? ', never heard' : ` for ${span(lastHeardMs)}`;
  const old = protocol === 1 ? ' (v1)' : '';
  switch (state) {
    case 'self':
      return { text: 'this node', paint: palette.quiet };
    case 'alive':
      return { text: `alive${old}`, paint: palette.good };
    case 'suspect':
      return { text: `silent${silent}${old}`, paint: palette.doubtful };
    case 'lost':
      return { text: `lost${silent}${old}`, paint: palette.bad };
    case 'left':
      return { text: 'left', paint: palette.quiet };
  }
}

/** Direct proofs have an age; a voucher's is not ours to tell. */
function proofCell({ state, proof, provenMs }: MemberView, palette: Palette): Cell {
  if (state === 'self') return { text: proof === 'none' ? '-' : 'voted', paint: palette.quiet };
  if (proof === 'none') return { text: 'none', paint: palette.doubtful };
  if (proof !== 'direct' || provenMs === null) return proof;
  return `direct, ${span(provenMs)} ago`;
}
