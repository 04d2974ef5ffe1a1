import fc from 'fast-check';
import { expect, test } from 'vitest';
import { address, type Address } from '../../src/base/address.ts';
import { instant, seconds } from '../../src/base/time.ts';
import { codeAt } from '../../src/crypto/totp.ts';
import type { V1Command } from '../../src/v1/commands.ts';
import type { V1Effect, V1Input } from '../../src/v1/io.ts';
import { LOGIN, Scene, type CallEffect } from '../unit/v1/fixture.ts';

// The v1 machine under anything that can happen to it: it never throws, answers each request once,
// keeps its bounds, and tells a password only where it may.

const NAMES = ['pi', 'cellar', 'shed', 'attic', 'a b', ''];
const IPS = ['192.0.2.1', '192.0.2.2', '198.51.100.3', '10.0.0.4', '2001:db8::5', '127.0.0.1'];
const BODIES = [
  ...['192.0.2.1:5', '198.51.100.3', '<html>', '', '224.0.0.1', '127.0.0.1', '[2001:db8::5]:1'],
  ...['{"TOTPSecret":"UDDGFC63","ReflectionIP":"192.0.2.9:1"}', '{"TOTPSecret":"x"}'],
];

const which = fc.nat(1_000);
type Happening = ReturnType<typeof makeHappening> extends fc.Arbitrary<infer T> ? T : never;
function makeHappening() {
  return fc.oneof(
    { weight: 4, arbitrary: fc.record({ type: fc.constant('pass' as const), ms: fc.nat(12_000) }) },
    fc.record({
      type: fc.constant('raw' as const),
      operation: fc.constantFrom('c', 'h', 's', 'x', undefined),
      body: fc.oneof(fc.string(), fc.json()),
      from: which,
    }),
    {
      weight: 4,
      arbitrary: fc.record({
        type: fc.constant('coded' as const),
        sync: fc.boolean(),
        who: which,
        lost: which,
        from: which,
        beside: fc.integer({ min: -2, max: 2 }),
      }),
    },
    fc.record({
      type: fc.constant('connect' as const),
      who: which,
      from: which,
      login: fc.constantFrom('user', 'mallory', undefined),
    }),
    { weight: 2, arbitrary: fc.record({ type: fc.constant('judge' as const), which }) },
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant('answer' as const),
        which,
        status: fc.constantFrom(200, 200, 200, 400, 401, 500, 302),
        body: which,
        pin: fc.constantFrom('key', 'other', undefined),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant('fail' as const),
        which,
        reason: fc.constantFrom('time-out' as const, 'certificate' as const, 'refused' as const),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant('command' as const),
        kind: fc.nat(9),
        who: which,
        place: which,
        https: fc.boolean(),
      }),
    },
    fc.record({
      type: fc.constant('clock' as const),
      by: fc.integer({ min: -9e6, max: 9e6 }),
    }),
    fc.record({ type: fc.constant('restart' as const) }),
    fc.record({ type: fc.constant('wake' as const) }),
  );
}

class World {
  readonly scene = new Scene({ interval: seconds(1) });
  readonly open: CallEffect[] = [];
  /** Requests that wait for the host's judge. */
  readonly judging: number[] = [];
  readonly asked = new Set<number>();
  /** Addresses that were typed, and those that good codes came from. */
  readonly allowed = new Set<string>();
  #request = 10_000;
  #seen = 0;

  happen(happening: Happening): void {
    this.#happen(happening);
    this.#look();
  }

  #happen(happening: Happening): void {
    const { scene } = this;
    switch (happening.type) {
      case 'pass':
        return scene.pass(happening.ms);
      case 'raw':
        return this.#ask(happening.operation, happening.body, place(happening.from));
      case 'coded':
        return this.#coded(happening);
      case 'connect': {
        const body = { NodeUUID: pick(NAMES, happening.who), Username: 'user', Password: 'p' };
        return this.#ask('c', JSON.stringify(body), place(happening.from));
      }
      case 'judge': {
        const request = this.judging.splice(happening.which % (this.judging.length || 1), 1)[0];
        if (request === undefined) return;
        const login = happening.which % 3 === 0 ? undefined : `user ${String(happening.which % 2)}`;
        scene.step({ type: 'login-checked', request, login });
        return;
      }
      case 'answer': {
        const call = this.#take(happening.which);
        if (call === undefined) return;
        const { status, pin } = happening;
        return scene.respond(
          call,
          status,
          pick(BODIES, happening.body),
          call.to.https ? pin : undefined,
        );
      }
      case 'fail': {
        const call = this.#take(happening.which);
        if (call !== undefined) scene.fail(call, happening.reason);
        return;
      }
      case 'command':
        scene.command(this.#command(happening));
        return;
      case 'clock':
        scene.wallOffset += happening.by;
        return;
      case 'restart':
        this.open.length = 0;
        this.judging.length = 0;
        return scene.restart();
      case 'wake':
        scene.step({ type: 'wake' } satisfies V1Input);
        return;
    }
  }

  #coded(said: Extract<Happening, { readonly type: 'coded' }>): void {
    const stored = this.scene.machine.stored().peers;
    const peer = stored[said.who % (stored.length || 1)];
    const secret = peer?.receiveSecret ?? peer?.handed[0]?.secret;
    if (peer === undefined || secret === undefined) return;
    const TOTP = codeAt(secret, Math.max(0, this.scene.currentStep + said.beside));
    const from = place(said.from);
    this.allowed.add(from.ip);
    const body = { NodeUUID: peer.name, TOTP, LostUUID: pick(NAMES, said.lost) };
    this.#ask(said.sync ? 's' : 'h', JSON.stringify(body), from);
  }

  #ask(operation: string | undefined, body: string, from: Address): void {
    this.#request += 1;
    this.asked.add(this.#request);
    this.scene.step({ type: 'request', request: this.#request, from, operation, body });
  }

  #take(which: number): CallEffect | undefined {
    return this.open.splice(which % (this.open.length || 1), 1)[0];
  }

  #command(wish: Extract<Happening, { readonly type: 'command' }>): V1Command {
    const name = pick(NAMES, wish.who);
    const at = place(wish.place, 8290);
    const endpoint = { at, path: '/godddns', https: wish.https };
    switch (wish.kind) {
      case 0:
      case 1:
        this.allowed.add(at.ip);
        return { type: 'add-peer', peer: { name, endpoint, login: LOGIN, insecure: !wish.https } };
      case 2:
        return { type: 'remove-peer', name };
      case 3:
        return { type: 'register', name, login: LOGIN };
      case 4:
        return { type: 'heartbeat', name };
      case 5:
        this.allowed.add(at.ip);
        return { type: 'try', name, at };
      case 6:
        return { type: 'trust-again', name };
      case 7: {
        this.allowed.add(at.ip);
        const peer = { name, endpoint, login: LOGIN, insecure: !wish.https };
        return { type: 'add-peer', peer, said: String(wish.place % 3) };
      }
      case 8: {
        const entries = NAMES.slice(0, wish.who % 3).map((one) => ({ name: one, login: LOGIN }));
        const said = String(wish.place % 3);
        return { type: 'configured', entries: entries.map((entry) => ({ ...entry, said })) };
      }
      default:
        return wish.https ? { type: 'cycle' } : { type: 'beat', on: wish.place % 2 === 0 };
    }
  }

  #look(): void {
    const { effects } = this.scene;
    for (; this.#seen < effects.length; this.#seen += 1) {
      const effect = effects[this.#seen];
      if (effect !== undefined) this.#check(effect);
    }
  }

  #check(effect: V1Effect): void {
    const text = JSON.stringify(effect);
    if (effect.type === 'check-login') this.judging.push(effect.request);
    else if (effect.type === 'reply') {
      // Each request is answered once: a second answer would find it gone.
      if (effect.request > 10_000) expect(this.asked.delete(effect.request)).toBe(true);
    } else if (effect.type === 'call') {
      this.open.push(effect);
      expect(effect.to.at.port).toBeGreaterThan(0);
      if (effect.operation === 'c' && !effect.to.https) {
        expect(this.allowed.has(effect.to.at.ip), text).toBe(true);
      }
    } else expect(text).not.toContain(LOGIN.password);
  }
}

function place(number: number, port = 40_000): Address {
  const at = address(pick(IPS, number), port);
  if (at === undefined) throw new Error('a place');
  return at;
}

function pick(list: readonly string[], number: number): string {
  return list[number % list.length] ?? '';
}

test('whatever happens, the machine keeps going, keeps its bounds and keeps its secrets', () => {
  fc.assert(
    fc.property(fc.array(makeHappening(), { maxLength: 150 }), (happenings) => {
      const world = new World();
      world.happen({ type: 'command', kind: 0, who: 0, place: 0, https: false });
      for (const happening of happenings) world.happen(happening);
      const { scene } = world;
      expect(world.judging.length).toBeLessThanOrEqual(4);
      const views = scene.machine.peers(instant(scene.now));
      expect(views.length).toBeLessThanOrEqual(NAMES.length);
      expect(JSON.stringify(views)).not.toContain(LOGIN.password);
      scene.restart();
    }),
    { numRuns: 300 },
  );
}, 120_000);
