/** The v1 node as it shows itself. */

/** What is known of a peer. */
export type V1PeerState = 'alive' | 'suspect' | 'lost';

/** What keeps a peer from being called as it should. */
export type V1Problem =
  /** It asks to be registered with, but was not seen at its address lately. */
  | 'credentials-withheld'
  /** It does not take this node's username and password. */
  | 'credentials-refused'
  /** It asks to be registered with, and no login is known. */
  | 'no-login'
  /** Its HTTPS server has another key than the pinned one. */
  | 'certificate';

/** One v1 peer. Times are ages in whole milliseconds; null: never, or not known. */
export interface V1PeerView {
  readonly name: string;
  readonly state: V1PeerState;
  /**
   * `IP:PORT` of its endpoint. While only its calls are known: where they come from, with the port
   * of the first from there, on which nobody serves; before one came since the start the IP alone.
   */
  readonly address: string | null;
  readonly ip: string | null;
  /** Of its endpoint. */
  readonly port: number | null;
  readonly https: boolean;
  /** `tls`: its pinned certificate answered there. `none`: anybody could have. */
  readonly proof: 'tls' | 'none';
  readonly provenMs: number | null;
  readonly rttMs: number | null;
  readonly lastHeardMs: number | null;
  readonly addressSinceMs: number | null;
  readonly moves: number;
  /** It stands in the config of this node. */
  readonly configured: boolean;
  /** It registered with this node · this node registered with it. */
  readonly registeredIn: boolean;
  readonly registeredOut: boolean;
  /** Its clock less this one's, as far as codes and `Date` headers tell. */
  readonly skewMs: number | null;
  /** Where it sees this node; null: it did not say. */
  readonly reflected: string | null;
  readonly retries: number;
  /** What an operator should see to; null: nothing. */
  readonly problem: V1Problem | null;
}

/** Where the v1 peers see this node: one winner each of public and private hosts. */
export interface V1OwnView {
  readonly public: { readonly ip: string; readonly votes: number; readonly voters: number } | null;
  readonly private: { readonly ip: string; readonly votes: number; readonly voters: number } | null;
}
