/** Every tunable of the v1 machine: its value, where that comes from, what turning it costs. */

import { hours, millis, minutes, seconds, type Duration } from '../base/time.ts';

/** What an operator may set. */
export interface V1Settings {
  /** Each peer is called once in it. 10 s is the original's default. */
  readonly interval: Duration;
  /** Whether the cycle runs from the start on; `beat` switches it later. */
  readonly beat: boolean;
}

/** Defaults of what an operator may set. */
export const V1_DEFAULTS: V1Settings = { interval: seconds(10), beat: true };

/** The original counts whole seconds; above an hour a step's code would never be heard in time. */
export const INTERVAL_RANGE: readonly [Duration, Duration] = [seconds(1), hours(1)];

/** The endpoint's path of an original whose operator chose none. */
export const DEFAULT_PATH = '/godddns';

// Calls.
/**
 * How far a peer's clock may be off for its own step to be signed for: a step. Whoever lies about
 * its clock collects no more than the code of the coming one.
 */
export const SKEW_MAX: Duration = seconds(30);
/** An original gives up a heartbeat or sync after this long. */
export const CALL_TIMEOUT: Duration = seconds(5);
/** Checking a password may be slow by design; an original waits for ever. */
export const CONNECT_TIMEOUT: Duration = seconds(10);
/** Failures in a row until a peer is lost, as in the original. */
export const LOST_AFTER = 3;
/** Intervals within which a peer is heard lately: whom to ask, and whether this node is alone. */
export const HEARD_INTERVALS = 2;

/** A heartbeat without an answer for this long makes this node ask others about the peer. */
export const DOUBT: Duration = seconds(1);
/** Questions about others that one peer is asked at a time: a browser opens six connections. */
export const QUESTIONS_MAX = 6;
/** After a refused registration, doubled up to the last: the other side slows down, too. */
export const REGISTER_PAUSE: Duration = seconds(10);
export const REGISTER_PAUSE_MAX: Duration = minutes(5);
/** What one cycle calls at once; further peers follow spread over the interval. */
export const BURST = 64;
/** Seen elsewhere, all peers are told at once, but not more often than this. */
export const HURRY_PAUSE: Duration = seconds(1);
/**
 * A peer that calls us is expected again within the larger of this, two of an original's default
 * intervals, and two of our own.
 */
export const EXPECTED_WITHIN: Duration = seconds(20);
/** Silence, in the above, until a peer that only calls us is lost. */
export const SILENCES_TO_LOSE = 3;

// Calling back where a code came from.
/** Pause after the first call back that failed; doubled up to the last. */
export const CALL_BACK_PAUSE: Duration = seconds(1);
export const CALL_BACK_PAUSE_MAX: Duration = seconds(30);
/**
 * A repeated code came from elsewhere: the present address is given this long to speak up before
 * the new one counts. Two round trips around the globe.
 */
export const GRACE: Duration = millis(600);

// Who may try what how often.
/** Failed logins of one source or name that cost nothing: people mistype. */
export const LOGIN_FREE_FAILURES = 2;
/** Refusing unchecked lasts this long after the third failure; each further one doubles it. */
export const LOGIN_PAUSE: Duration = seconds(1);
export const LOGIN_PAUSE_MAX: Duration = seconds(60);
/** After this long without a failure a source or a name begins anew. */
export const LOGIN_FORGET: Duration = seconds(600);
/** Logins judged at a time: each costs a memory-hard hash. */
export const LOGINS_UNDER_WAY = 4;
/** Logins that wait for their turn; more are refused. */
export const LOGINS_WAITING = 64;
/**
 * Wrong codes of one name a step from elsewhere than its proven address. With three codes good at a
 * time, 5 guesses a step are 15 chances in a million: 46 years to one in two.
 */
export const WRONG_CODES_PER_STEP = 5;

// Bounds.
/** Peers, typed or registered, ten times what one machine was measured with. */
export const PEERS_MAX = 1_024;
/** Characters of a name; a DNS label has 63, and originals set no limit. */
export const NAME_MAX = 64;
/** Characters of a username or a password. */
export const CREDENTIAL_MAX = 256;
/** Octets of a request or an answer; a real one has some 150. */
export const BODY_MAX = 65_536;
/** Sources and names whose failures are remembered; the oldest are forgotten first. */
export const FAILURES_MAX = 4_096;
/** Secrets handed out to one name that were not used yet from its address. */
export const PENDING_SECRETS_MAX = 4;
/** Networks that guess codes of one name within a step and are told apart. */
export const GUESSERS_MAX = 64;
/** Commands that wait for calls to end. */
export const COMMANDS_MAX = 256;
/** Members that a sync may learn of, at most; a cluster's own limit is lower. */
export const VISIBLE_MAX = 10_000;
/** Steps of codes are written to disk within this time, all else at once. */
export const STEP_SAVE_PAUSE: Duration = seconds(30);
/** Characters of an endpoint's path. */
export const PATH_MAX = 256;
