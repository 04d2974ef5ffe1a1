/** Members as their operator names them. */

import { parseAddress } from '../base/address.ts';
import type { NodeId } from '../base/id.ts';
import type { Node } from '../core/node.ts';
import type { MembersDocument } from '../core/view.ts';
import { ambiguous } from './refusals.ts';
import type { Resolved } from './results.ts';

/** The member that a name, an ID or its beginning means. Throws `UserError` name-ambiguous. */
export function findMember(node: Node, nameOrId: string): NodeId | undefined {
  const id = node.find(nameOrId);
  if (id === 'ambiguous') throw ambiguous(nameOrId);
  return id === 'unknown' ? undefined : id;
}

/** Where the member of this ID is; undefined when the view lacks it. */
export function resolveIn(view: MembersDocument, id: NodeId): Resolved | undefined {
  const member = view.members.find((one) => one.id === id);
  if (member === undefined) return undefined;
  const { name, state, proof, address } = member;
  const parsed = address === null ? undefined : parseAddress(address);
  const { ip = null, port = null, family = null } = parsed ?? {};
  return { id: member.id, name, state, proof, address, ip, port, family };
}
