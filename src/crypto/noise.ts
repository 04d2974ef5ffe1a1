/**
 * The handshake: Noise_IK_25519_ChaChaPoly_SHA256, as four pure functions (Noise revision 34,
 * PROTOCOL §2.2). Whoever calls them owns what is kept between two messages.
 */

import type { Bytes } from '../base/bytes.ts';
import { concat, utf8 } from '../base/bytes.ts';
import { Exchange } from './noise-exchange.ts';
import type { Symmetric } from './noise-exchange.ts';
import type { KeyPair, Suite } from './suite.ts';

/*
 * Noise_IK_25519_ChaChaPoly_SHA256 (Noise revision 34, §7.5; WireGuard's pattern without its psk):
 *
 *   <- s                     the initiator knows the responder's static key: it is in its record
 *   -> e, es, s, ss          hello:  e (32) ‖ sealed s (48) ‖ sealed payload (16 when empty)
 *   <- e, ee, se             answer: e (32) ‖ sealed payload (16 when empty)
 *
 * What it gives (§7.7): the responder learns who calls from the first message, but a recorded hello
 * can be replayed to it, so a hello changes no belief. Only the first datagram of the session that
 * follows proves that the caller is there now.
 */

/** 32 octets, as long as the hash, so it is the first chaining key as it stands (§5.2). */
const PROTOCOL_NAME = utf8('Noise_IK_25519_ChaChaPoly_SHA256');

const KEY_SIZE = 32;
const TAG_SIZE = 16;
const EMPTY: Bytes = new Uint8Array(0);

/** Octets of a hello without payload: ephemeral key, sealed static key, tag. */
export const HELLO_SIZE: number = KEY_SIZE + KEY_SIZE + TAG_SIZE + TAG_SIZE;

/** Octets of an answer without payload: ephemeral key, tag. */
export const ANSWER_SIZE: number = KEY_SIZE + TAG_SIZE;

/** What both sides hold after a handshake. Nothing in it shows when printed but the hash. */
export interface SessionKeys {
  /** 32 octets; the other side's `receive`. */
  readonly send: Bytes;
  readonly receive: Bytes;
  /** 32 octets, the same on both sides and in no other handshake (§11.2, channel binding). */
  readonly handshakeHash: Bytes;
}

/** An initiator that waits for the answer. */
export interface HelloState {
  readonly symmetric: Symmetric;
  readonly ephemeral: KeyPair;
}

/** A responder that read a hello and may answer it. */
export interface HelloRead {
  readonly symmetric: Symmetric;
  readonly peerStatic: Bytes;
  readonly peerEphemeral: Bytes;
}

class HiddenSessionKeys implements SessionKeys {
  readonly handshakeHash: Bytes;
  readonly #send: Bytes;
  readonly #receive: Bytes;

  constructor(send: Bytes, receive: Bytes, handshakeHash: Bytes) {
    this.#send = send;
    this.#receive = receive;
    this.handshakeHash = handshakeHash;
  }

  get send(): Bytes {
    return this.#send;
  }

  get receive(): Bytes {
    return this.#receive;
  }
}

function sessionKeys(exchange: Exchange, role: 'initiator' | 'responder'): SessionKeys {
  const [first, second] = exchange.split();
  return role === 'initiator'
    ? new HiddenSessionKeys(first, second, exchange.hash)
    : new HiddenSessionKeys(second, first, exchange.hash);
}

/** Initialize() with the pre-message `<- s` (§5.3). */
function begin(suite: Suite, prologue: Bytes, responderStatic: Bytes): Exchange {
  const exchange = new Exchange(suite, { chainingKey: PROTOCOL_NAME, hash: PROTOCOL_NAME });
  exchange.mixHash(prologue);
  exchange.mixHash(responderStatic);
  return exchange;
}

/** {@link beginHello} with a payload, which only tests against published vectors use. */
export function beginHelloWith(
  suite: Suite,
  prologue: Bytes,
  own: KeyPair,
  ephemeralSecret: Bytes,
  peerStatic: Bytes,
  payload: Bytes,
): { readonly message: Bytes; readonly state: HelloState } | undefined {
  const exchange = begin(suite, prologue, peerStatic);
  const ephemeral = suite.agreementKeyPair(ephemeralSecret);
  exchange.mixHash(ephemeral.public);
  exchange.mixAgreement(ephemeral, peerStatic);
  const sealedStatic = exchange.seal(own.public);
  exchange.mixAgreement(own, peerStatic);
  const sealedPayload = exchange.seal(payload);
  if (exchange.failed) return undefined;
  const message = concat(ephemeral.public, sealedStatic, sealedPayload);
  return { message, state: { symmetric: exchange.pause(), ephemeral } };
}

/**
 * Writes a hello of {@link HELLO_SIZE} octets to the node whose X25519 key is `peerStatic`. The
 * prologue is what both must agree on beforehand (cluster, version); the ephemeral secret is 32
 * fresh unpredictable octets. Undefined when `peerStatic` is no usable point.
 */
export function beginHello(
  suite: Suite,
  prologue: Bytes,
  own: KeyPair,
  ephemeralSecret: Bytes,
  peerStatic: Bytes,
): { readonly message: Bytes; readonly state: HelloState } | undefined {
  return beginHelloWith(suite, prologue, own, ephemeralSecret, peerStatic, EMPTY);
}

/** {@link readHello} for a message with a payload of any length. */
export function readHelloWith(
  suite: Suite,
  prologue: Bytes,
  own: KeyPair,
  message: Bytes,
): { readonly peerStatic: Bytes; readonly payload: Bytes; readonly state: HelloRead } | undefined {
  if (message.length < HELLO_SIZE) return undefined;
  const sealedEnd = KEY_SIZE + KEY_SIZE + TAG_SIZE;
  const exchange = begin(suite, prologue, own.public);
  const peerEphemeral = copyOf(message, 0, KEY_SIZE);
  exchange.mixHash(peerEphemeral);
  exchange.mixAgreement(own, peerEphemeral);
  const peerStatic = exchange.open(copyOf(message, KEY_SIZE, sealedEnd));
  exchange.mixAgreement(own, peerStatic);
  const payload = exchange.open(copyOf(message, sealedEnd, message.length));
  if (exchange.failed) return undefined;
  return { peerStatic, payload, state: { symmetric: exchange.pause(), peerStatic, peerEphemeral } };
}

/**
 * Reads a hello sent to `own`; undefined for anything that is none, with another prologue, or for
 * another node. Whether `peerStatic` belongs to a member is for the caller to find out, and until
 * the session carries something the hello may be a replay.
 */
export function readHello(
  suite: Suite,
  prologue: Bytes,
  own: KeyPair,
  message: Bytes,
): { readonly peerStatic: Bytes; readonly state: HelloRead } | undefined {
  if (message.length !== HELLO_SIZE) return undefined;
  const read = readHelloWith(suite, prologue, own, message);
  return read === undefined ? undefined : { peerStatic: read.peerStatic, state: read.state };
}

/** {@link answerHello} with a payload. */
export function answerHelloWith(
  suite: Suite,
  state: HelloRead,
  ephemeralSecret: Bytes,
  payload: Bytes,
): { readonly message: Bytes; readonly keys: SessionKeys } | undefined {
  const exchange = new Exchange(suite, state.symmetric);
  const ephemeral = suite.agreementKeyPair(ephemeralSecret);
  exchange.mixHash(ephemeral.public);
  exchange.mixAgreement(ephemeral, state.peerEphemeral);
  exchange.mixAgreement(ephemeral, state.peerStatic);
  const sealedPayload = exchange.seal(payload);
  if (exchange.failed) return undefined;
  const message = concat(ephemeral.public, sealedPayload);
  return { message, keys: sessionKeys(exchange, 'responder') };
}

/**
 * Writes the answer of {@link ANSWER_SIZE} octets, smaller than the hello it answers, and the
 * responder's keys. The ephemeral secret is 32 fresh unpredictable octets for each answer, also to
 * the same hello: that is what keeps a replayed hello from leading to old keys.
 */
export function answerHello(
  suite: Suite,
  state: HelloRead,
  ephemeralSecret: Bytes,
): { readonly message: Bytes; readonly keys: SessionKeys } | undefined {
  return answerHelloWith(suite, state, ephemeralSecret, EMPTY);
}

/** {@link readAnswer} for a message with a payload of any length. */
export function readAnswerWith(
  suite: Suite,
  state: HelloState,
  own: KeyPair,
  message: Bytes,
): { readonly payload: Bytes; readonly keys: SessionKeys } | undefined {
  if (message.length < ANSWER_SIZE) return undefined;
  const exchange = new Exchange(suite, state.symmetric);
  const peerEphemeral = copyOf(message, 0, KEY_SIZE);
  exchange.mixHash(peerEphemeral);
  exchange.mixAgreement(state.ephemeral, peerEphemeral);
  exchange.mixAgreement(own, peerEphemeral);
  const payload = exchange.open(copyOf(message, KEY_SIZE, message.length));
  return exchange.failed ? undefined : { payload, keys: sessionKeys(exchange, 'initiator') };
}

/**
 * Reads the answer to a hello and gives the initiator's keys; undefined for anything else. The
 * state is not used up, so a forged answer that arrives first does no harm.
 */
export function readAnswer(
  suite: Suite,
  state: HelloState,
  own: KeyPair,
  message: Bytes,
): SessionKeys | undefined {
  if (message.length !== ANSWER_SIZE) return undefined;
  return readAnswerWith(suite, state, own, message)?.keys;
}

/** Not `slice`, which on a Node Buffer would be a view into the socket's memory. */
function copyOf(bytes: Bytes, start: number, end: number): Bytes {
  return Uint8Array.from(bytes.subarray(start, end));
}
