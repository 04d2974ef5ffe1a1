/**
 * Every tunable of the machine: its default, where the number comes from, and what turning it
 * costs. PROTOCOL.md states the same numbers; test/house/protocol.test.ts compares the two.
 */

import { days, hours, millis, minutes, seconds, type Duration } from '../base/time.ts';

/** What an operator may set. */
export interface Settings {
  /**
   * One ping leaves in each beat, whatever the size of the cluster. Half of it is the mean time
   * until a node notices that it moved; idle traffic is 167 B divided by it, each way.
   */
  readonly beat: Duration;
  /** Tags to set at start, besides those stored. */
  readonly tags: readonly (readonly [string, string])[];
}

/** Defaults of what an operator may set. */
export const DEFAULTS: Settings = { beat: millis(600), tags: [] };

/** The beat's range: below, ten nodes waste a core; above, mappings of home routers expire. */
export const BEAT_RANGE: readonly [Duration, Duration] = [millis(100), hours(1)];
/** Jitter of the beat, as a part of it, so that nodes started together drift apart. */
export const BEAT_JITTER = 0.1;

// Time-outs: RFC 6298 §2 with a floor suited to a question that may be asked again at once.
/**
 * A pong missing for this long at the least is missing. Lower: healing starts sooner, false alarms
 * rise.
 */
export const TIMEOUT_FLOOR: Duration = millis(150);
/** Before a round trip was measured: half the globe and back. */
export const TIMEOUT_UNKNOWN: Duration = millis(400);
/** No time-out is longer; a satellite hop takes 0.6 s. */
export const TIMEOUT_CEILING: Duration = seconds(3);

// Suspicion.
/**
 * Unanswered challenges in a row until a member shows as suspect; it is sought from the second on.
 * In the simulator ten nodes at 20 % loss show 2 false suspects in 50 minutes, with 2 of them 101.
 */
export const SUSPECT_AFTER = 3;
/**
 * Unanswered challenges in a row, and silence, until a member is lost. memberlist takes about 5 s.
 */
export const LOST_AFTER = 5;
/** See LOST_AFTER. */
export const LOST_SILENCE: Duration = seconds(4);

// Bursts and rounds.
/** Up to this size everyone is asked at once, told at once, and challenged at each new address. */
export const SMALL_CLUSTER = 16;
/** Members a round asks first in a larger cluster; doubled with each time-out. */
export const BURST_FIRST = 8;
/** Rounds are at least this far apart, unless a reflection differs. */
export const ROUND_GAP: Duration = millis(500);
/** A round that changed nothing doubles the gap for the next unanswered ping, up to this … */
export const ROUND_GAP_MAX: Duration = seconds(8);
/** … until nobody doubted for this long. */
export const ROUND_CALM: Duration = seconds(3);
/** A differing reflection may start a round this soon after the last. */
export const REFLECTION_GAP: Duration = millis(100);
/** What could not be sent is tried again after this, doubled up to SEND_RETRY_MAX. */
export const SEND_RETRY: Duration = millis(20);
export const SEND_RETRY_MAX: Duration = seconds(1);
/** … and quickly anew after this long without a failure. */
export const SEND_CALM: Duration = seconds(10);
/** Added to twice the first answer's delay before a round is decided. */
export const GATHER_FLOOR: Duration = millis(20);
/** Addresses the main socket talked to that are told apart; beyond, a fresh socket goes along. */
export const MAIN_FLOWS_MAX = 4_096;
/** A fresh socket is closed this long after the main one was proven, when no path needs it. */
export const FRESH_LINGER: Duration = seconds(10);
/** How often open fresh sockets are looked after. */
export const TIDY_PAUSE: Duration = seconds(8);
/**
 * Silence on a main-socket flow after which it is tried again: above RFC 4787 REQ-5's two minutes.
 */
export const STALE_FLOW: Duration = minutes(5);
/** Outvoted this often in a row, a member is named. */
export const OUTVOTED_LIMIT = 3;
/** A named member's reflections start no round for this long. */
export const OUTVOTED_REST: Duration = minutes(10);

/** Fruitless rounds of one member's silence count together within this … */
export const MUTE_WINDOW: Duration = seconds(30);
/** … and silence it as a reason for this long … */
export const MUTE_REST: Duration = minutes(1);
/** … as long as more members than this are left whose silence counts. */
export const UNMUTED_MIN = 3;

// Paths.
/** Unproven addresses of one member that may be asked at the same time. */
export const CANDIDATES_MAX = 8;
/** Of those, ones only known from a datagram's source: what a forwarder can make this node send. */
export const STRAY_SOURCES_MAX = 4;
/** No source is challenged twice within this. */
export const STRAY_GAP: Duration = millis(100);
/**
 * A challenge can be answered for this long; its time-out only raises doubt (a link may be slow).
 */
export const CHALLENGE_LIFE: Duration = seconds(10);
/** Open challenges a member; the oldest gives way. */
export const CHALLENGES_MAX = 32;
/** Unanswered questions to a path until an address that no record lists may replace it. */
export const SILENCES_FOR_UNLISTED = 2;
/** While an address that no record lists carries a path, the listed ones are asked this often. */
export const LISTED_PAUSE: Duration = minutes(1);
/** A second port of a host in use is remembered for this long, to be asked when it comes back. */
export const STRAY_MEMORY: Duration = minutes(1);
/** An address proven for another member takes a member's path away at most this often. */
export const REUSE_GAP: Duration = seconds(1);
/** Wrong pongs after which an open challenge is burned: guessing succeeds with 2⁻²⁹. */
export const WRONG_PONGS_MAX = 8;

// Sessions (PROTOCOL §2.4).
export const REKEY_AGE: Duration = hours(2);
/** The side that answered waits this much longer, so that both don't say hello at once. */
export const REKEY_ANSWERER_EXTRA: Duration = minutes(15);
export const REKEY_COUNT: number = 2 ** 24;
export const REFUSE_AGE: Duration = hours(6);
export const REFUSE_COUNT: number = 2 ** 30;
export const REPLAY_WINDOW = 1024;
export const SESSIONS_PER_MEMBER = 3;
export const PROVISIONAL_PER_MEMBER = 4;
/** A hello is repeated with the same bytes for this long; then its fresh key is given up. */
export const HELLO_FRESH: Duration = seconds(8);
/** Repeats of one hello that are answered. */
export const HELLO_ANSWERS = 16;
/**
 * Hellos opened a second, all senders together: each costs about 0.25 ms of a Raspberry Pi's core.
 */
export const HELLO_BUDGET = 200;
/** Wall and monotonic clock may drift apart by this much between two inputs. */
export const CLOCK_JUMP: Duration = seconds(10);
/** A loop later than this has datagrams waiting that it did not read yet. */
export const LOOP_LATE: Duration = millis(5);
/** The own loop stood still for this long: a suspended machine has probably moved. */
export const LOOP_STALL: Duration = seconds(5);

// Lost and orphan (PROTOCOL §6).
export const SEEK_ASKED = 4;
export const SEEK_FIRST: Duration = millis(500);
export const SEEK_MAX: Duration = seconds(60);
/** A member proven within this is introduced to who seeks it. */
export const INTRODUCE_FRESH: Duration = minutes(1);
export const ORPHAN_SILENCE: Duration = seconds(4);
/** [age of the orphanhood from which it holds, pause between two calls of 16 members]. */
export const ORPHAN_PACE: readonly (readonly [Duration, Duration])[] = [
  [hours(1), seconds(60)],
  [minutes(10), seconds(10)],
  [minutes(2), seconds(2)],
  [millis(0), seconds(1)],
];
/** Members called at once at start and in an orphan's calls. */
export const ORPHAN_CALLS = 16;

// Beacons on the LAN (PROTOCOL, "Beacon").
/** A node at its start calls on the LAN when nobody answered for this long: a slow round trip. */
export const BEACON_FIRST: Duration = seconds(1);
/** Answers wait up to this, at random, so that the listeners of a LAN do not all speak at once. */
export const BEACON_DELAY: Duration = millis(200);
/** No member is answered again within this; an orphan calls once a second at the most. */
export const BEACON_GAP: Duration = millis(500);
/** Answers that wait at a time: when a whole LAN calls, 4 from each of the others are plenty. */
export const BEACON_ANSWERS = 4;
/**
 * Beacons opened a second; each costs up to BEACON_KEYS openings, some 0.1 ms of a Raspberry Pi.
 */
export const BEACON_BUDGET = 64;
/** Keys tried: of now, and of before the last departures, for who was away at those. */
export const BEACON_KEYS = 8;
/** Nonces of genuine beacons remembered: an hour of one orphan's, of the long pace two days. */
export const BEACON_NONCES = 4_096;

/** When a lost member answers, sixteen other lost ones are asked at once, at most this often. */
export const REVIVE_GAP: Duration = millis(250);
/** Those asked are left out of the next sixteen until none answered for this long. */
export const REVIVE_REST: Duration = seconds(2);
/** After a start, sixteen more members are called this often … */
export const START_PAUSE: Duration = millis(250);
/** … up to this many; beyond, keys are agreed when a beat's turn comes. */
export const START_CALLS = 128;
/** … in a cluster too large to call everyone: enough to be seen, and to find some who are there. */
export const START_CALLS_LARGE = 32;
/**
 * There, one beat in so many goes to a member never met. Two that meet send each other some 600
 * octets, so this keeps what a node sends below 340 octets a second, however many are left to meet.
 */
export const MEET_EVERY = 40;

// Address book.
/** Addresses remembered of one member (R2). */
export const HISTORY_MAX = 32;
/** Unanswered tries in a row after which a remembered address is given up. */
export const HISTORY_SILENCE_MAX = 12;
/** Refusals (ICMP) in a row after which it is. */
export const HISTORY_REFUSED_MAX = 4;
/** Records of one member taken at once, and the pause that earns one more. */
export const RECORD_BURST = 5;
export const RECORD_PAUSE: Duration = seconds(1);

// Spreading (PROTOCOL §8).
export const GOSSIP_FANOUT = 4;
/**
 * Copies that each member sends of one item in a larger cluster, whatever its size: about e⁻⁸ of
 * the members (one in 3,000) then hear of it from nobody, and the digests in their next pings tell
 * them. SWIM's λ·log n copies would reach these too, for two to five times the bytes.
 */
export const GOSSIP_COPIES = 8;
export const GOSSIP_TICK: Duration = millis(100);
/** News waits this long for company before it is pushed in a small cluster. */
export const NEWS_BATCH: Duration = millis(5);
/** In a burst of news, the pause between two pushes: nine records fit one datagram. */
export const NEWS_GATHER: Duration = millis(40);
/** News of this age is sent again to a member proven at a new address. */
export const NEWS_RECENT: Duration = seconds(30);
/** A digest that did not change for this long is compared: a push reaches everyone sooner. */
export const DIGEST_SETTLED: Duration = millis(300);
/** One that did not come to rest for this long is compared as it is. */
export const DIGEST_RESTLESS_MAX: Duration = seconds(2);
export const SUMMARY_GAP: Duration = millis(500);
/** Summaries that change nothing get rarer, up to this. */
export const SUMMARY_GAP_MAX: Duration = seconds(60);
/** A member's record is wanted from it at most this often; its own push is usually on the way. */
export const WANT_GAP: Duration = millis(200);
/** Datagrams that answer one want or summary: 28 bytes asked must not draw more than 10 kB. */
export const WANT_MESSAGES_MAX = 8;

// Membership.
/** Members a cluster may have; bounds every map over members. */
export const MEMBERS_MAX = 16_384;
/** Acts kept of one author; an admission and an invite each take one. */
export const ACTS_PER_AUTHOR_MAX = 4_096;
/**
 * After all acts were judged, contested ones wait for this much for each act held (0.4 s for 4,000)
 * and are judged together. To judge one and name its node takes 0.01 ms of a desktop's core and a
 * few times that of a Raspberry Pi's: whatever members sign, it takes no more than half the time.
 */
export const JUDGE_PAUSE_PER_ACT: Duration = millis(0.1);
/** Invites of this node alive at once. */
export const INVITES_MAX = 64;
/** Most uses and longest life of one invite: a token is a key to the house. */
export const INVITE_USES_MAX = 1_000;
export const INVITE_EXPIRY_MAX: Duration = days(30);
/** Joiners being served at once. */
export const GUESTS_MAX = 64;
/** How long an operator's ping waits for a pong. */
export const PING_WAIT: Duration = seconds(2);
/** Tags seen per live invite; more end the connection, not the invite. */
export const KNOCKS_MAX = 1_024;
/** Searches on the LAN answered per live invite. */
export const SEARCHES_MAX = 1_024;
/** Record sequences reserved on disk at once, and how many are left when the next block is. */
export const SEQUENCE_BLOCK = 1_000;
export const SEQUENCE_REFILL = 200;
/** How often `twin` is said aloud while two machines hold one key. */
export const TWIN_PAUSE: Duration = minutes(1);
/**
 * A changed address is written after this, so that one write takes a burst of them along. Longer,
 * and a power cut soon after a move leaves a node with addresses that nobody holds any more.
 */
export const BOOK_DELAY: Duration = millis(200);
/** The book is written at most this often. */
export const BOOK_PAUSE: Duration = seconds(1);
