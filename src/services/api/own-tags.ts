/** A node's own tags, as its members document tells them. */

import type { MembersDocument } from '../../core/view.ts';

/** The tags of the node whose view this is. */
export function ownTags(view: MembersDocument): Readonly<Record<string, string>> {
  return view.members.find((member) => member.id === view.self)?.tags ?? {};
}
