/** Flotilla as a library: start a node, ask it who is where, and watch it. */

export type { Address } from './base/address.ts';
export { UserError } from './base/errors.ts';
export type { NodeId } from './base/id.ts';
export type { TagChange } from './core/commands.ts';
export type { Doubt, NodeEvent } from './core/events.ts';
export type {
  MembersDocument,
  MemberState,
  MemberView,
  OwnAddressView,
  PathKind,
  Proof,
  SelfState,
  StatusDocument,
} from './core/view.ts';
export { Flotilla } from './runtime/flotilla.ts';
export { defaultStateFolder } from './runtime/folder.ts';
export { DEFAULT_PORT } from './runtime/options.ts';
export type { FlotillaOptions, LogLine } from './runtime/options.ts';
export type { PingResult, Resolved, Wait } from './runtime/results.ts';
