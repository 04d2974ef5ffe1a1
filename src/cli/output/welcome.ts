/** The first lines of a daemon: who it is, and what to do next. */

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
}

/** The lines; `short`: commands find this state folder without being told. */
export function welcome(
  { id, name, cluster, members, port, state }: Facts,
  short: boolean,
): string[] {
  const company = members === 1 ? 'alone so far' : `with ${count(members - 1, 'other member')}`;
  const where = short ? '' : ` --state ${quoted(state)}`;
  return [
    `${name} is up in cluster ${cluster}, ${company}`,
    `  ID     ${id}`,
    `  port   ${String(port)}, UDP and TCP`,
    `  state  ${state}`,
    `To let another machine join:`,
    `  here   flotilla invite${where}`,
    `  there  flotilla up --join TOKEN`,
  ];
}

/** As a shell wants it. */
function quoted(path: string): string {
  return /^[\w./:+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
