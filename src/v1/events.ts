/** What a v1 node tells those who watch it. Nothing here is secret. */

import type { Address } from '../base/address.ts';

export type V1Event =
  | { readonly type: 'v1-registered'; readonly name: string; readonly direction: 'in' | 'out' }
  | {
      readonly type: 'v1-moved';
      readonly name: string;
      readonly from: string | undefined;
      readonly to: string;
    }
  | { readonly type: 'v1-lost'; readonly name: string }
  | { readonly type: 'v1-found'; readonly name: string; readonly address: string }
  /** Nobody answered within two intervals. */
  | { readonly type: 'v1-orphan' }
  /** The vote of the v1 peers changed. */
  | { readonly type: 'v1-self-moved'; readonly from: string | undefined; readonly to: string }
  /** A code or a login came from somewhere that the peer did not confirm. */
  | { readonly type: 'v1-unconfirmed'; readonly name: string; readonly from: Address }
  /** A login of somebody else tried to take this name. */
  | { readonly type: 'v1-name-taken'; readonly name: string; readonly from: Address }
  | { readonly type: 'v1-certificate'; readonly name: string }
  /** Credentials were not sent, because the peer was not seen at its address lately. */
  | { readonly type: 'v1-credentials-withheld'; readonly name: string };
