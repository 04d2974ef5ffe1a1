/** The first lines of a daemon: who it is, and what to do next. */

import type { V1StatusView } from '../../v1/status.ts';
import { count } from './words.ts';

/** What is known when a daemon has started. */
export interface Facts {
  readonly id: string;
  readonly name: string;
  readonly cluster: string;
  /** Members of the cluster, this node included. */
  readonly members: number;
  readonly port: number;
  /** The state folder, absolute. */
  readonly state: string;
  /** Where nodes of protocol 1 are served, if they are. */
  readonly v1?: V1Serving;
}

type V1Serving = NonNullable<V1StatusView['serving']>;

/** The lines; `short`: commands find this state folder without being told. */
export function welcome(
  { id, name, cluster, members, port, state, v1 }: Facts,
  short: boolean,
): string[] {
  const company = members === 1 ? 'alone so far' : `with ${count(members - 1, 'other member')}`;
  const where = short ? '' : ` --state ${quoted(state)}`;
  return [
    `${name} is up in cluster ${cluster}, ${company}`,
    `  ID     ${id}`,
    `  port   ${String(port)}, UDP and TCP`,
    `  state  ${state}`,
    ...(v1 === undefined ? [] : [`  v1     ${v1Url(v1)}`]),
    `To let another machine join:`,
    `  here   flotilla invite${where}`,
    `  there  flotilla up --join TOKEN`,
  ];
}

/** Where nodes of protocol 1 are served. */
function v1Url({ https, address, path }: V1Serving): string {
  return `${https ? 'https' : 'http'}://${address}${path}`;
}

/** As a shell wants it. */
function quoted(path: string): string {
  return /^[\w./:+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
