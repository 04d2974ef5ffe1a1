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
export type { V1Event } from './v1/events.ts';
export type { V1CallResult, V1Imported, V1StatusView, V1Typed } from './v1/status.ts';
export { Flotilla } from './runtime/flotilla.ts';
export { defaultStateFolder } from './runtime/folder.ts';
export { DEFAULT_PORT } from './runtime/options.ts';
export type { FlotillaOptions, LogLine } from './runtime/options.ts';
export type { PingResult, Resolved, Wait } from './runtime/results.ts';
export type { V1Bridge } from './runtime/v1/bridge.ts';
export type { V1Options } from './runtime/v1/options.ts';
export type { FlotillaEvent } from './runtime/watchers.ts';
export { zone } from './services/names/ask.ts';
export type { ZoneAnswer, ZoneOptions, ZoneQuestion } from './services/names/ask.ts';
export type { ZoneRecord } from './services/names/zone.ts';
