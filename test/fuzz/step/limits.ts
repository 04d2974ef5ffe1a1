/** How many entries each collection of the machine may hold, by what its owner says. */
import {
  ACTS_PER_AUTHOR_MAX,
  BEACON_ANSWERS,
  BEACON_KEYS,
  BEACON_NONCES,
  CANDIDATES_MAX,
  CHALLENGES_MAX,
  GUESTS_MAX,
  INVITES_MAX,
  KNOCKS_MAX,
  MAIN_FLOWS_MAX,
  PROVISIONAL_PER_MEMBER,
  SEARCHES_MAX,
  SESSIONS_PER_MEMBER,
  STRAY_SOURCES_MAX,
} from '../../../src/core/config.ts';
import { ADDRESSES_MAX, RELAYS_MAX, SERVICES_MAX, TAGS_MAX } from '../../../src/wire/limits.ts';

/** Commands that one input can hold: what only an operator makes grow, an operator bounds. */
const COMMANDS = 160;
/** Words of the code that drops are counted under. */
const REASONS = 80;
/** Sockets, and addresses of both families and all scopes that one of them may show. */
const SOCKETS = 3;
const PLACES_OF_A_NODE = 16;
/** Alarms besides one or two for each member; the heap keeps some that were cleared. */
const ALARMS = 40;
const SESSIONS = SESSIONS_PER_MEMBER + PROVISIONAL_PER_MEMBER + 2;

/** By the end of a path. What no line names holds one entry for each member at the most. */
const LIMITS: readonly (readonly [RegExp, (members: number) => number])[] = [
  [/\.counters$/, () => REASONS],
  [/\.guests$|\.admitting$/, () => GUESTS_MAX],
  [/\.(awaited|waiting)$/, () => COMMANDS],
  // Each waits for the disk: guests, one each, and commands.
  [/\.whenSaved$/, () => GUESTS_MAX + COMMANDS],
  [/timers\.#(heap|current)$/, (members) => 4 * members + ALARMS + 2 * COMMANDS],
  [/sessions\.#(indexes|answered)$/, (members) => SESSIONS * members],
  [/\.confirmed$/, () => SESSIONS_PER_MEMBER],
  [/\.provisional$/, () => PROVISIONAL_PER_MEMBER],
  [/\.greetings$/, () => 2],
  [/#open\[\]$/, () => CHALLENGES_MAX],
  [/#questions\.#(overdue|awaited)$/, (members) => CHALLENGES_MAX * members],
  [/\.(others|#hints)$/, () => CANDIDATES_MAX],
  [/strays\.#seen$/, () => 2 * STRAY_SOURCES_MAX],
  // DESIGN, R2.
  [/\.history$/, () => 32],
  [/\.(listed|addresses)$/, () => ADDRESSES_MAX],
  [/\.relays$/, () => RELAYS_MAX],
  [/\.services$/, () => SERVICES_MAX],
  [/\.tags$/, () => TAGS_MAX],
  [/#tags$/, () => TAGS_MAX],
  [/\.children$/, () => 16],
  [/invites\.#invites$/, () => INVITES_MAX],
  [/\.knocks$/, () => KNOCKS_MAX],
  [/\.searches$/, () => SEARCHES_MAX],
  [/mainFlows\.#hosts\./, () => MAIN_FLOWS_MAX],
  [/ledger\.#(chains\[\]|.*aside.*|pins.*)$/, () => ACTS_PER_AUTHOR_MAX],
  [/ledger\.|standings\.invites|#roll\.all$/, (members) => members * ACTS_PER_AUTHOR_MAX],
  [/beacons\.#keys$/, () => BEACON_KEYS],
  [/beacons\.#departures$/, (members) => 2 * members],
  [/beacons\.#waiting$/, () => BEACON_ANSWERS],
  [/beacons\.#nonces\.#entries$/, () => BEACON_NONCES],
  // A record and a few acts of each; then what is sent again to who moved.
  [/news\.#(pending|waiting|latest)/, (members) => 4 * members + 72],
  [/reflections\.#(own|before)/, () => PLACES_OF_A_NODE],
  [/(#slips|#reports).*$/, (members) => 2 * SOCKETS * members],
  [/fresh\.#sockets$/, () => SOCKETS],
  [/#idle\[\]\.times$/, () => PLACES_OF_A_NODE],
  [/seek\.#(answered|introduced)\.#entries$/, () => 4_096],
  [/#wanted\.#entries$/, (members) => 64 * members],
  [/outbox\.#effects$/, () => 0],
];

/** The bound of the collection at this path, in a cluster of so many nodes that ever were in it. */
export function limitOf(path: string, members: number): number {
  const line = LIMITS.find(([end]) => end.test(path));
  return line === undefined ? members : line[1](members);
}
