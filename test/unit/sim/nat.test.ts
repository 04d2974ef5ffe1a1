import { describe, expect, it } from 'vitest';
import { address, formatAddress, type Address } from '../../../src/base/address.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { instant, seconds } from '../../../src/base/time.ts';
import { HOME_ROUTER, HomeRouter, type NatKind } from '../../../src/sim/nat.ts';
import { FAIR, Network } from '../../../src/sim/network.ts';
import { DirectSite } from '../../../src/sim/site.ts';
import { Timeline } from '../../../src/sim/timeline.ts';

const BYTES = new Uint8Array(10);
const HOME = '203.0.113.1';
const MOVED = '198.51.100.1';
const PEER = '192.0.2.2';
const STRANGER = '192.0.2.3';

function at(ip: string, port = 4117): Address {
  const made = address(ip, port);
  if (made === undefined) throw new Error(`${ip} is no address`);
  return made;
}

/** A machine behind a router and two outside; `inside` and the others list what each received. */
class Scene {
  readonly timeline = new Timeline();
  readonly network = new Network(this.timeline, new SeededRandom(1), FAIR);
  readonly inside: string[] = [];
  readonly peer: string[] = [];
  readonly stranger: string[] = [];
  readonly rewrites: string[] = [];
  readonly router: HomeRouter;
  readonly #peerSite = this.#outside('peer', PEER, this.peer);
  readonly #strangerSite = this.#outside('stranger', STRANGER, this.stranger);

  constructor(changes: Partial<NatKind> = {}) {
    const parts = { network: this.network, timeline: this.timeline, random: new SeededRandom(2) };
    const note = (ip: string, port: number): void => void this.rewrites.push(`${ip}:${port}`);
    this.router = new HomeRouter('home', { ...HOME_ROUTER, ...changes }, parts, note);
    this.router.plug((port, from) => this.inside.push(`${port} from ${formatAddress(from)}`));
    this.move(HOME);
  }

  move(ip: string): void {
    for (const old of this.router.addresses) this.network.release(old, this.router);
    this.router.readdress([ip]);
    this.network.hold(ip, this.router);
  }

  out(to: string, port = 4117, toPort = 4117): void {
    this.router.send(port, at(to, toPort), BYTES);
    this.wait(0.1);
  }

  in(from: 'peer' | 'stranger', to: string, toPort = 4117, fromPort = 4117): void {
    const site = from === 'peer' ? this.#peerSite : this.#strangerSite;
    site.send(fromPort, at(to, toPort), BYTES);
    this.wait(0.1);
  }

  wait(length: number): void {
    const end = instant(this.timeline.now + seconds(length));
    while (this.timeline.next(end));
  }

  #outside(name: string, ip: string, got: string[]): DirectSite {
    const site = new DirectSite(name, this.network);
    site.readdress([ip]);
    this.network.hold(ip, site);
    site.plug((port, from) => got.push(`${port} from ${formatAddress(from)}`));
    return site;
  }
}

describe('a home router that forwards the port', () => {
  it('shows the machine under the router’s address and the machine’s own port', () => {
    const scene = new Scene();
    scene.out(PEER);
    expect(scene.peer).toEqual([`4117 from ${HOME}:4117`]);
  });

  it('lets anyone in at any port, as the operator set it up', () => {
    const scene = new Scene();
    scene.in('stranger', HOME, 5_000);
    expect(scene.inside).toEqual([`5000 from ${STRANGER}:4117`]);
  });

  it('flushes flows opened from inside when its address changes', () => {
    const scene = new Scene();
    scene.out(PEER);
    scene.move(MOVED);
    scene.out(PEER);
    expect(scene.peer).toEqual([`4117 from ${HOME}:4117`, `4117 from ${MOVED}:4117`]);
  });

  it('goes on translating a flow opened from outside to the address it lost', () => {
    const scene = new Scene();
    scene.in('peer', HOME);
    scene.move(MOVED);
    scene.out(PEER);
    expect(scene.peer).toEqual([]);
    expect(scene.network.spoofed).toBe(1);
  });

  it('lets a fresh port out where an old flow is stale', () => {
    const scene = new Scene();
    scene.in('peer', HOME);
    scene.move(MOVED);
    scene.out(PEER, 40_000);
    expect(scene.peer).toEqual([`4117 from ${MOVED}:40000`]);
  });

  it('keeps a stale flow for as long as the machine talks on it', () => {
    const scene = new Scene();
    scene.in('peer', HOME);
    scene.out(PEER);
    scene.move(MOVED);
    for (let turn = 0; turn < 5; turn += 1) {
      scene.wait(100);
      scene.out(PEER);
    }
    expect(scene.peer).toEqual([`4117 from ${HOME}:4117`]);
  });

  it('forgets an answered flow after two minutes of silence', () => {
    const scene = new Scene();
    scene.in('peer', HOME);
    scene.out(PEER);
    scene.move(MOVED);
    scene.wait(121);
    scene.out(PEER);
    expect(scene.peer.at(-1)).toBe(`4117 from ${MOVED}:4117`);
  });

  it('forgets a flow that nobody answered after half a minute', () => {
    const scene = new Scene();
    scene.in('peer', HOME);
    scene.move(MOVED);
    scene.wait(31);
    scene.out(PEER);
    expect(scene.peer).toEqual([`4117 from ${MOVED}:4117`]);
  });

  it('shows the remote under another port where an old flow would look the same inside', () => {
    const scene = new Scene();
    scene.in('peer', HOME);
    scene.move(MOVED);
    scene.in('peer', MOVED);
    const [before, after] = scene.inside;
    expect(before).toBe(`4117 from ${PEER}:4117`);
    expect(after).toMatch(new RegExp(`^4117 from ${PEER}:`));
    expect(after).not.toBe(before);
    expect(scene.rewrites).toHaveLength(1);
    // What the machine answers there leaves under the new address, to the remote's real port.
    const port = Number(after?.split(':').at(-1));
    scene.out(PEER, 4117, port);
    expect(scene.peer).toEqual([`4117 from ${MOVED}:4117`]);
  });
});

describe('a router that forwards nothing', () => {
  const closed = { forwards: false } as const;

  it.each([
    ['endpoint-independent', [`4117 from ${STRANGER}:4117`]],
    ['address-dependent', []],
    ['address-and-port-dependent', []],
  ] as const)('with %s filtering lets strangers in or not', (filtering, expected) => {
    const scene = new Scene({ ...closed, filtering });
    scene.out(PEER);
    scene.in('stranger', HOME);
    expect(scene.inside).toEqual(expected);
  });

  it('with address-dependent filtering lets in another port of who was called', () => {
    const scene = new Scene({ ...closed, filtering: 'address-dependent' });
    scene.out(PEER);
    scene.in('peer', HOME, 4117, 9_999);
    expect(scene.inside).toEqual([`4117 from ${PEER}:9999`]);
  });

  it('with address-and-port-dependent filtering lets in the answer alone', () => {
    const scene = new Scene(closed);
    scene.out(PEER);
    scene.in('peer', HOME, 4117, 9_999);
    scene.in('peer', HOME);
    expect(scene.inside).toEqual([`4117 from ${PEER}:4117`]);
  });

  it('with endpoint-independent mapping shows everyone the same drawn port', () => {
    const mapping = 'endpoint-independent';
    const scene = new Scene({ ...closed, mapping, portPreserving: false });
    scene.out(PEER);
    scene.out(STRANGER);
    expect(scene.peer[0]).toBe(scene.stranger[0]);
    expect(scene.peer[0]).not.toBe(`4117 from ${HOME}:4117`);
  });

  it('with address-and-port-dependent mapping shows each another port: a symmetric NAT', () => {
    const scene = new Scene({ ...closed, portPreserving: false });
    scene.out(PEER);
    scene.out(STRANGER);
    expect(scene.peer[0]).not.toBe(scene.stranger[0]);
  });
});
