/** A daemon of the demo as the demo holds it: a child process that answers orders. */

// The one place where the program starts another: itself, as `flotilla demo` is asked to.
// eslint-disable-next-line no-restricted-imports -- the demo's daemons are processes of their own
import { fork, type ChildProcess } from 'node:child_process';
import { UserError } from '../../base/errors.ts';
import type { EventDocument } from '../../services/api/event-document.ts';
import type { FromDaemon, Sight, Spot, StartOptions, ToDaemon } from './messages.ts';

/**
 * No order takes longer: joining means two round trips on loopback, but on a machine that eight
 * others keep busy the start of a process took over 8 s. In milliseconds.
 */
const ORDER_MAX_MS = 20_000;
/** After a stop was asked for, how long until the process is killed. In milliseconds. */
const STOP_MAX_MS = 2_000;
/** Octets kept of what a daemon complained of on standard error. */
const COMPLAINT_MAX = 2_000;

/** Told of each event of this daemon. */
export type Listener = (event: EventDocument, atMs: number) => void;

/** One daemon of the demo. */
export class DemoDaemon {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #listener: Listener;
  #sight: Sight | undefined;
  #complaint = '';
  /** Who waits for an answer: orders are given one at a time. */
  #answer: (message: FromDaemon | 'gone') => void = () => undefined;

  /** Starts the process; `program` is the file of the command line. */
  constructor(name: string, program: string, listener: Listener) {
    this.name = name;
    this.#listener = listener;
    this.#child = fork(program, ['demo-daemon'], {
      // Its own words would tear the picture; they are kept for when something goes wrong.
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: cleanEnvironment(),
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#complaint = (this.#complaint + text).slice(-COMPLAINT_MAX);
    });
    this.#child.on('message', (message: FromDaemon) => {
      this.#hear(message);
    });
    for (const end of ['exit', 'error'] as const) {
      this.#child.on(end, () => {
        this.#answer('gone');
      });
    }
  }

  /** What this node sees, as it told last. */
  get sight(): Sight | undefined {
    return this.#sight;
  }

  /** Starts the node, joining with the token if there is one. */
  async start(options: StartOptions): Promise<void> {
    await this.#order({ type: 'start', options }, 'started');
  }

  /** An invite that says the node is at this spot. */
  async invite(at: Spot): Promise<string> {
    return (await this.#order({ type: 'invite', at }, 'invited')).token;
  }

  /** Moves the node's sockets; gives when it was deaf and when it was there. */
  async move(to: Spot, release: boolean): Promise<{ fromMs: number; toMs: number }> {
    return this.#order({ type: 'move', to, release }, 'moved');
  }

  /** Ends the process, by force if it must be. */
  async stop(): Promise<void> {
    if (this.#ended()) return;
    const gone = new Promise<void>((settle) => {
      this.#child.once('exit', () => {
        settle();
      });
    });
    const force = setTimeout(() => {
      this.kill();
    }, STOP_MAX_MS);
    if (this.#child.connected) this.#send({ type: 'stop' });
    else this.kill();
    await gone;
    clearTimeout(force);
  }

  /** Ends the process at once. */
  kill(): void {
    if (!this.#ended()) this.#child.kill('SIGKILL');
  }

  #ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  #hear(message: FromDaemon): void {
    if (message.type === 'sight') this.#sight = message.sight;
    else if (message.type === 'event') this.#listener(message.event, message.atMs);
    else this.#answer(message);
  }

  async #order<T extends FromDaemon['type']>(
    order: ToDaemon,
    wanted: T,
  ): Promise<Extract<FromDaemon, { type: T }>> {
    const answer = await new Promise<FromDaemon | 'gone' | 'late'>((settle) => {
      const late = setTimeout(settle, ORDER_MAX_MS, 'late');
      this.#answer = (message) => {
        clearTimeout(late);
        settle(message);
      };
      if (this.#ended()) this.#answer('gone');
      else this.#send(order);
    });
    if (answer === 'gone' || answer === 'late') throw this.#trouble(answer);
    if (answer.type === 'failed') {
      const { code, message, hint } = answer.problem;
      throw new UserError(code, `${this.name}: ${message}`, hint);
    }
    if (answer.type !== wanted) throw this.#trouble('late');
    return answer as Extract<FromDaemon, { type: T }>;
  }

  #send(message: ToDaemon): void {
    // A process that has just ended is noticed by its exit.
    this.#child.send(message, () => undefined);
  }

  #trouble(kind: 'gone' | 'late'): UserError {
    const what = kind === 'gone' ? 'has ended' : 'does not answer';
    const complaint = this.#complaint === '' ? '' : `: ${this.#complaint.trim()}`;
    return new UserError(`demo-daemon-${kind}`, `The daemon ${this.name} ${what}${complaint}`, '');
  }
}

/** This process's environment without what would steer a daemon. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('FLOTILLA_'));
  return Object.fromEntries(kept);
}
