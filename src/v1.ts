/**
 * `flotilla/v1`: a node of the original's protocol for other programs to embed, with the original's
 * notions under TypeScript names.
 */

export { UserError } from './base/errors.ts';
export type { V1Why } from './v1/commands.ts';
export type { V1Event } from './v1/events.ts';
export type { V1PeerState, V1PeerView } from './v1/view.ts';
export { ServiceRouter } from './runtime/v1/router.ts';
export type {
  AuthFunction,
  HandleConnections,
  HeartbeatOutcome,
  IpChangeListener,
  RouterOptions,
  RouterSettings,
} from './runtime/v1/router.ts';
export type { NodeOptions, RouterNode } from './runtime/v1/router-node.ts';
