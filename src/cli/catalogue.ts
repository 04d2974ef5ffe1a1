/** All commands: what they are called, what they do, how they are used. Nothing here is heavy. */

import type { Command } from './command.ts';
import { DNS, DNS_FLAGS, DNS_LOST, DNS_ZONE } from './dns-flags.ts';
import * as flags from './flags.ts';
import { V1_COMMANDS } from './v1-catalogue.ts';
import { V1_FLAGS } from './v1-flags.ts';
import { PRINT, RESOLVER, WATCH } from './install-flags.ts';

const NAME_WORD = ['<name>', 'a name, an ID, or the beginning of an ID'] as const;
const NO_DAEMON = '3  no daemon is running';
const UNKNOWN = '4  no member has this name, or not any more';

const RUNNING: readonly Command[] = [
  {
    name: 'up',
    words: [],
    summary: 'run a node: found a cluster, or join one',
    about: [
      'Runs a node in the foreground until SIGTERM, SIGINT or `flotilla down`.',
      'With an empty state folder it founds a cluster of one, or joins that of --join.',
      'With a state it goes on as the node it was, and passes over --join if it is a member there.',
      'It needs no root and no address: the other members tell a node where it is.',
    ],
    flags: [
      ...[flags.NAME, flags.CLUSTER, flags.JOIN, flags.PORT, flags.BIND, flags.BEAT, flags.TAG],
      ...[flags.LAN, flags.API, flags.LOG_FORMAT, flags.LOG_LEVEL],
      ...DNS_FLAGS,
      ...V1_FLAGS,
    ],
    examples: [
      'flotilla up --name attic',
      'flotilla up --name cellar --join file:/run/secrets/token',
      'flotilla invite | ssh pi flotilla up --join -',
    ],
    exits: ['5  the maker of the invite could not be reached'],
    load: () => import('./commands/up.ts'),
  },
  {
    name: 'down',
    words: [],
    summary: 'stop the node that runs on this machine',
    about: ['Ends the daemon of the state folder, and waits until it has ended.'],
    flags: [],
    examples: ['flotilla down', 'flotilla down --state /srv/attic'],
    exits: [NO_DAEMON],
    load: () => import('./commands/down.ts'),
  },
];

const MEMBERSHIP: readonly Command[] = [
  {
    name: 'invite',
    words: [],
    summary: 'print a token that lets another machine join',
    about: [
      'Prints a token on standard output, alone, and what to do with it on standard error.',
      'Whoever has the token can join until it is used up or expired: treat it as a password.',
      'It says where this node is. Without --at that is where the other members see it; a node',
      'that is alone does not know, and makes a token that works on the same LAN, if it may be',
      'found there (`up --lan`).',
    ],
    flags: [flags.AT, flags.USES, flags.EXPIRES, flags.QR],
    examples: [
      'flotilla invite',
      'flotilla invite --at 192.0.2.7:4117',
      'flotilla invite --at attic.example:4117 --at [2001:db8::7]:4117 --uses 5 --expires 1h',
    ],
    exits: [NO_DAEMON],
    load: () => import('./commands/invite.ts'),
  },
  {
    name: 'join',
    words: [['[token]', 'the token, - for standard input, or file:PATH']],
    summary: 'join the running node to another cluster',
    about: [
      'Takes the running node into the cluster of an invite. A node that is alone leaves its own',
      'cluster of one for it; a member of a larger one must `flotilla leave` first.',
      'A token in a command line can be seen in the list of processes: -, file: and FLOTILLA_JOIN',
      'or FLOTILLA_JOIN_FILE keep it out.',
    ],
    flags: [],
    examples: ['flotilla join - < token', 'flotilla join file:token'],
    exits: [NO_DAEMON, '5  the maker of the invite could not be reached'],
    load: () => import('./commands/join.ts'),
  },
  {
    name: 'leave',
    words: [],
    summary: 'leave the cluster, for good',
    about: [
      'Signs that this node leaves, tells the others, removes the state and ends the daemon.',
      'The node comes back only with a new invite, as a new node.',
    ],
    flags: [],
    examples: ['flotilla leave'],
    exits: [NO_DAEMON],
    load: () => import('./commands/leave.ts'),
  },
  {
    name: 'tag',
    words: [['[change...]', 'KEY=VALUE sets a tag, KEY= takes it off']],
    summary: 'show or change the tags of this node',
    about: [
      'Tags are words about a node that all members see, such as what it is for.',
      'Without a change it prints the tags this node has.',
    ],
    flags: [],
    examples: ['flotilla tag', 'flotilla tag role=storage room=attic', 'flotilla tag room='],
    exits: [NO_DAEMON],
    load: () => import('./commands/tag.ts'),
  },
  {
    name: 'hint',
    words: [NAME_WORD, ['<address>', 'where it is now, as HOST:PORT; IPv6 as [a]:p']],
    summary: 'tell the node where a lost member is now',
    about: [
      'The way out when two nodes have lost each other and nobody is left to ask: the node tries',
      'that address, and believes it only when the member itself answers there.',
    ],
    flags: [],
    examples: ['flotilla hint cellar 198.51.100.4:4117', 'flotilla hint pi [2001:db8::4]:4117'],
    exits: [NO_DAEMON, UNKNOWN],
    load: () => import('./commands/hint.ts'),
  },
];

const SEEING: readonly Command[] = [
  {
    name: 'status',
    words: [],
    summary: 'show how this node is doing, and what would help',
    about: [
      'Shows who this node is, where the others see it and how many of them say so.',
      'Lines that begin with ! say what is wrong and what would help.',
    ],
    flags: [],
    examples: ['flotilla status', 'flotilla status --json'],
    exits: [NO_DAEMON],
    load: () => import('./commands/status.ts'),
  },
  {
    name: 'members',
    words: [],
    summary: 'list all members and how surely each address is known',
    about: [
      'Proof says on what an address is believed. direct: this node asked there, and the member',
      'itself answered. vouched: in its newest signed record, and another member asked there.',
      'tls, none: nodes of protocol 1. A silent or lost member stays a member and is looked for.',
    ],
    flags: [],
    examples: ['flotilla members', "flotilla members --json | jq -r '.members[].name'"],
    exits: [NO_DAEMON],
    load: () => import('./commands/members.ts'),
  },
  {
    name: 'resolve',
    words: [NAME_WORD],
    summary: 'print the IP address of a member',
    about: [
      'Prints the address alone, for use in scripts. Of a lost member it prints nothing on',
      'standard output; the last address known goes to standard error.',
    ],
    flags: [flags.WITH_PORT, flags.IPV4, flags.IPV6],
    examples: ['flotilla resolve cellar', 'ssh "$(flotilla resolve cellar)"'],
    exits: [NO_DAEMON, UNKNOWN, '5  it is lost, or has no such address'],
    load: () => import('./commands/resolve.ts'),
  },
  {
    name: 'ping',
    words: [NAME_WORD],
    summary: 'ask a member for a sign of life',
    about: [
      'Sends sealed challenges that only that member can answer, and prints the path and the round',
      'trip of each answer. Done only if every one came back.',
    ],
    flags: [flags.COUNT],
    examples: ['flotilla ping cellar', 'flotilla ping pi -c 1'],
    exits: [NO_DAEMON, UNKNOWN, '5  an answer is missing'],
    load: () => import('./commands/ping.ts'),
  },
  {
    name: 'dns',
    words: [['<action>', 'status, records, install or uninstall']],
    summary: 'show how the members are named in DNS, and let this machine ask there',
    about: [
      'Every member has a name in the zone of the cluster, such as attic.home.internal.',
      'status shows where the daemon serves them and what it was asked; records lists them all.',
      'install tells the resolver of this machine to ask the daemon about the zone, and uninstall',
      'takes that back. Both need root, and touch no file that was not written by them.',
    ],
    flags: [DNS, DNS_ZONE, PRINT, RESOLVER],
    examples: ['flotilla dns status', 'flotilla dns records', 'flotilla dns install --print'],
    exits: [NO_DAEMON],
    load: () => import('./commands/dns.ts'),
  },
  {
    name: 'hosts',
    words: [['[file]', 'write it there, and not to standard output']],
    summary: 'print the members as a hosts file, or keep one up to date',
    about: [
      'A line for each member that has an address, with the names they have in DNS: for programs',
      'and machines that ask no DNS server. With --watch it is written anew at each change, until',
      'the daemon stops. A file that was not written by this command is left alone.',
    ],
    flags: [WATCH, DNS_ZONE, DNS_LOST],
    examples: ['flotilla hosts', 'flotilla hosts --watch /run/flotilla.hosts'],
    exits: ['3  no daemon is running, or it stopped'],
    load: () => import('./commands/hosts.ts'),
  },
  {
    name: 'watch',
    words: [],
    summary: 'show what happens, as it happens',
    about: [
      'Prints a line for each event until it is interrupted. With --members it prints the list of',
      'members at the start and whenever something in it changes, at most every 50 ms.',
    ],
    flags: [flags.MEMBERS],
    examples: ['flotilla watch', 'flotilla watch --json', 'flotilla watch --members --json'],
    exits: ['3  no daemon is running, or it stopped'],
    load: () => import('./commands/watch.ts'),
  },
];

const TRYING: readonly Command[] = [
  {
    name: 'demo',
    words: [],
    summary: 'see five nodes find each other again, on this machine',
    about: [
      'Starts five daemons on addresses of loopback, then moves them under their feet: one, two',
      'at once, all but one, two that swap. No daemon is told; the old addresses fall silent.',
      'It shows who moved, who noticed, and how long it took until each had proven all others.',
      'It ends by itself in half a minute and leaves nothing behind.',
    ],
    flags: [],
    examples: ['flotilla demo', 'flotilla demo --json'],
    exits: ['1  a scenario did not heal in time'],
    load: () => import('./commands/demo.ts'),
  },
  {
    name: 'sim',
    words: [],
    summary: 'run a simulated cluster through trouble, from a seed',
    about: [
      'Runs many nodes, the same code as the daemon, in a virtual network with virtual clocks and',
      'disks. The same seed gives the same run to the last byte, and the same trace hash.',
    ],
    flags: [flags.SEED, flags.NODES, flags.SCENARIO, flags.SECONDS, flags.NAT],
    examples: [
      'flotilla sim',
      'flotilla sim --seed 42 --nodes 100',
      'flotilla sim --scenario list',
    ],
    exits: [
      '10  a node crashed',
      '11  a rule was broken (safety)',
      '12  the cluster did not find together again (liveness)',
    ],
    load: () => import('./commands/sim.ts'),
  },
  {
    name: 'demo-daemon',
    words: [],
    summary: 'one of the daemons of the demo',
    about: ['Started by `flotilla demo` and steered by it.'],
    flags: [],
    examples: [],
    exits: [],
    hidden: true,
    load: () => import('./demo/child.ts'),
  },
];

/** The commands in the order of the help, by group. */
export const GROUPS: readonly (readonly [title: string, commands: readonly Command[]])[] = [
  ['Running a node', RUNNING],
  ['Membership', MEMBERSHIP],
  ['Seeing', SEEING],
  ['Nodes of protocol 1', V1_COMMANDS],
  ['Trying it out', TRYING],
];
