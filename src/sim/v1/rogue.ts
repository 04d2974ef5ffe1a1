/** Somebody hostile in the virtual web: it says yes to everything and keeps what it is told. */

import type { Endpoint, Operation } from '../../v1/io.ts';
import { seconds } from '../../base/time.ts';
import type { Answer, Incoming, Outcome, Resident, Web } from './web.ts';

/** A rogue. It may hold any address, read plain HTTP on the wire, and say what it likes. */
export class Rogue implements Resident {
  readonly name: string;
  readonly port: number;
  readonly pin: string | undefined;
  ip: string | undefined;
  /** What it answers, by operation. */
  answers: (incoming: Incoming) => Answer;
  /** What it was told. */
  readonly heard: Incoming[] = [];
  readonly #web: Web;

  constructor(parts: { name: string; ip: string; port: number; pin?: string }, web: Web) {
    this.name = parts.name;
    this.ip = parts.ip;
    this.port = parts.port;
    this.pin = parts.pin;
    this.#web = web;
    this.answers = ({ from }) => ({ status: 200, body: `${from.ip}:${String(from.port)}` });
    web.join(this);
  }

  /** True when it was sent a username and password. */
  get gotCredentials(): boolean {
    return this.heard.some(({ operation }) => operation === 'c');
  }

  serve(incoming: Incoming, answer: (answer: Answer) => void): void {
    this.heard.push(incoming);
    answer(this.answers(incoming));
  }

  say(
    to: Endpoint,
    operation: Operation,
    body: string,
    end: (outcome: Outcome) => void = () => undefined,
  ): void {
    this.#web.call(this, to, undefined, { operation, body, timeout: seconds(5) }, end);
  }
}
