/** Which hosts stand behind which names. */

import type { Host } from './hosts.ts';

/** Texts, each with one host or more. Most have one, and no list is kept for those. */
export class Owners {
  readonly #hosts = new Map<string, Host | readonly Host[]>();

  /** The hosts of a text; none when it has none. */
  at(text: string): readonly Host[] {
    const hosts = this.#hosts.get(text);
    if (hosts === undefined) return [];
    return isList(hosts) ? hosts : [hosts];
  }

  has(text: string): boolean {
    return this.#hosts.has(text);
  }

  /** How many texts there are. */
  get size(): number {
    return this.#hosts.size;
  }

  keys(): MapIterator<string> {
    return this.#hosts.keys();
  }

  /** Puts a host behind a text. */
  add(text: string, host: Host): void {
    const hosts = this.at(text);
    this.#hosts.set(text, hosts.length === 0 ? host : [...hosts, host]);
  }

  /** Takes a host from a text, and the text away with its last host. */
  remove(text: string, host: Host): void {
    const left = this.at(text).filter((one) => one !== host);
    const [first] = left;
    if (first === undefined) this.#hosts.delete(text);
    else this.#hosts.set(text, left.length === 1 ? first : left);
  }
}

function isList(hosts: Host | readonly Host[]): hosts is readonly Host[] {
  return Array.isArray(hosts);
}
