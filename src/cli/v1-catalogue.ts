/** The commands about nodes of protocol 1, the original's. */

import type { Command } from './command.ts';
import * as flags from './v1-flags.ts';

const NO_DAEMON = '3  no daemon is running';
const UNKNOWN = '4  no node of protocol 1 has this name';
const PEER = ['<name>', 'the name that the other node has in its own configuration'] as const;

const PEERS: readonly Command[] = [
  {
    name: 'v1 add',
    words: [PEER],
    summary: 'call a node of protocol 1, and register with it',
    about: [
      'Names a node of the original program, or one that speaks its protocol, and registers with',
      'it, as its operator allowed with a user name and a password. Each side registers with the',
      'other. The password comes from a prompt, --password-file or FLOTILLA_V1_PASSWORD, never',
      'from the command line. Over plain HTTP it is sent with --insecure-http alone: everybody on',
      'the way can read it, and use it to register as a node of yours. Done again, it changes',
      'where and how that node is called. Nodes can stand in the config file instead, a table',
      '[v1-peers.NAME] each; those are changed there alone.',
    ],
    flags: [
      ...[flags.PEER_AT, flags.PEER_USER, flags.PASSWORD_FILE, flags.PEER_HTTPS],
      ...[flags.INSECURE_HTTP, flags.PEER_PATH],
    ],
    examples: [
      'flotilla v1 add attic --at 192.0.2.7:8290 --user home --https',
      'flotilla v1 add pi --at 10.0.0.4:8290 --user home --insecure-http --password-file pass',
    ],
    exits: [
      '1  it does not take the user name and the password, or does not let this node in',
      NO_DAEMON,
      '5  it does not answer; it is kept, and called again in each interval',
    ],
    load: () => import('./commands/v1-peers.ts').then(({ add }) => ({ run: add })),
  },
  {
    name: 'v1 remove',
    words: [PEER],
    summary: 'forget a node of protocol 1',
    about: [
      'Calls it no more and refuses its codes. Its name stays with the user it was registered by,',
      'so that nobody else takes it. One that stands in the config file is removed there.',
    ],
    flags: [],
    examples: ['flotilla v1 remove attic'],
    exits: [NO_DAEMON, UNKNOWN],
    load: () => import('./commands/v1-peers.ts').then(({ remove }) => ({ run: remove })),
  },
  {
    name: 'v1 trust',
    words: [PEER],
    summary: 'accept the new certificate of a node of protocol 1',
    about: [
      'A node that shows another certificate than at first is sent nothing any more. When its',
      'operator says that it was changed, this takes the one it shows now.',
    ],
    flags: [],
    examples: ['flotilla v1 trust attic'],
    exits: [NO_DAEMON, UNKNOWN, '5  it does not answer'],
    load: () => import('./commands/v1-peers.ts').then(({ trust }) => ({ run: trust })),
  },
];

const USERS: readonly Command[] = [
  {
    name: 'v1 user add',
    words: [['<user>', 'the user name']],
    summary: 'let nodes of protocol 1 register here under a user name',
    about: [
      'Adds a user, or gives one another password. One user may register several nodes; a node’s',
      'name belongs to the user that registered it first. Of the password only a hash is kept.',
    ],
    flags: [flags.PASSWORD_FILE],
    examples: [
      'flotilla v1 user add home',
      'flotilla v1 user add home --password-file /run/secrets/home',
    ],
    exits: [NO_DAEMON],
    load: () => import('./commands/v1-users.ts').then(({ add }) => ({ run: add })),
  },
  {
    name: 'v1 user remove',
    words: [['<user>', 'the user name']],
    summary: 'take a user name away',
    about: ['Nobody can register with it any more. Nodes that have registered stay.'],
    flags: [],
    examples: ['flotilla v1 user remove home'],
    exits: [NO_DAEMON, '4  no user has this name'],
    load: () => import('./commands/v1-users.ts').then(({ remove }) => ({ run: remove })),
  },
  {
    name: 'v1 user list',
    words: [],
    summary: 'list the user names',
    about: ['Prints the names that nodes of protocol 1 can register with, a line each.'],
    flags: [],
    examples: ['flotilla v1 user list'],
    exits: [NO_DAEMON],
    load: () => import('./commands/v1-users.ts').then(({ list }) => ({ run: list })),
  },
];

const FILES: readonly Command[] = [
  {
    name: 'v1 import',
    words: [['<file>', 'the JSON file that the original wrote; - for standard input']],
    summary: 'take over from a node of the original program',
    about: [
      'Reads what a node of the original exported and goes on in its place: under its name, with',
      'its peers and their secrets, so that nobody has to register again. Stop that node first.',
      'The user names that others register with are not part of the file.',
    ],
    flags: [],
    examples: ['flotilla v1 import node.json'],
    exits: [NO_DAEMON],
    load: () => import('./commands/v1-files.ts').then(({ importFile }) => ({ run: importFile })),
  },
  {
    name: 'v1 export',
    words: [['[file]', 'a new file, for this user alone (default: standard output)']],
    summary: 'write a file that the original program reads',
    about: [
      'Writes the peers as the original exports them. The format consists of secrets: whoever has',
      'the file can speak as this node and as its peers. So it takes --secrets.',
    ],
    flags: [flags.SECRETS],
    examples: ['flotilla v1 export node.json --secrets'],
    exits: [NO_DAEMON],
    load: () => import('./commands/v1-files.ts').then(({ exportFile }) => ({ run: exportFile })),
  },
];

/** All of them, in the order of the help. */
export const V1_COMMANDS: readonly Command[] = [...PEERS, ...USERS, ...FILES];

/** What stands before several commands' names, with a line of help each. */
export const V1_GROUPS: ReadonlyMap<string, string> = new Map([
  ['v1', 'speak with nodes of protocol 1, the original program'],
  ['v1 user', 'who may register here'],
]);
