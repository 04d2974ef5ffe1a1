/** One neighbour of a `ServiceRouter`. */

import { UserError } from '../../base/errors.ts';
import { DEFAULT_PATH } from '../../v1/config.ts';
import type { V1PeerView } from '../../v1/view.ts';

/** A neighbour as it is typed in. */
export interface NodeOptions {
  /** The name it goes by; its `DeviceUUID`. */
  readonly nodeId: string;
  /** TCP port of its endpoint, 1–65535. */
  readonly port: number;
  /** Path of its endpoint, absolute; default `/godddns`. */
  readonly restInterface?: string;
  /** It serves HTTPS; its certificate's key is pinned at the first use. Default: false. */
  readonly requireHttps?: boolean;
  /**
   * Without HTTPS, whoever is on the way reads the password given to `startConnection` and may
   * then pass for this node. True says that this is known, and wanted. Default: false.
   */
  readonly insecureHttp?: boolean;
}

/** What a node asks of its router. */
export interface NodeLink {
  view(uuid: string): V1PeerView | undefined;
  connect(
    node: RouterNode,
    login: { readonly username: string; readonly password: string },
    host: string,
  ): Promise<void>;
  disconnect(node: RouterNode): Promise<void>;
}

/** A neighbour: made by `newNode`, put in by `addNode`. */
export class RouterNode {
  readonly uuid: string;
  /** Port of its endpoint; undefined: it registered here, and nobody typed it in. */
  readonly port: number | undefined;
  readonly restInterface: string;
  readonly requireHttps: boolean;
  readonly insecureHttp: boolean;
  readonly #link: NodeLink;

  /** Throws `UserError` v1-port-not-a-port. Call `newNode` instead. */
  constructor(options: Omit<NodeOptions, 'port'> & { readonly port?: number }, link: NodeLink) {
    const { port } = options;
    if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65_535)) {
      throw new UserError(
        'v1-port-not-a-port',
        `A node's port must be a whole number from 1 to 65535 (it was ${String(port)}).`,
        'Give the port that the node listens on.',
      );
    }
    this.uuid = options.nodeId;
    this.port = port;
    this.restInterface = options.restInterface ?? DEFAULT_PATH;
    this.requireHttps = options.requireHttps ?? false;
    this.insecureHttp = options.insecureHttp ?? false;
    this.#link = link;
  }

  /** Its IP address now; undefined while nobody told. */
  get ipAddr(): string | undefined {
    return this.view?.ip ?? undefined;
  }

  /** Where it sees this node, an IP address; undefined: it did not say lately. */
  get reflectedIp(): string | undefined {
    return this.view?.reflected ?? undefined;
  }

  /** All that is known of it; undefined before its address is. */
  get view(): V1PeerView | undefined {
    return this.#link.view(this.uuid);
  }

  /**
   * Registers with this node: `host` is an IP address or a host name, the port is the node's own.
   * Resolves when it gave a secret; heartbeats it answers once this node is in its list too.
   * Rejects with `UserError` v1-insecure-http, v1-node-unknown, address-not-an-address,
   * address-unresolved, one of those that say why it can't be a neighbour, or v1-not-connected;
   * then every cycle tries again.
   */
  startConnection(host: string, username: string, password: string): Promise<void> {
    return this.#link.connect(this, { username, password }, host);
  }

  /** Forgets what was agreed with it; it stays in the list and may be connected again. */
  endConnection(): Promise<void> {
    return this.#link.disconnect(this);
  }
}
