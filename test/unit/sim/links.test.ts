import { describe, expect, it } from 'vitest';
import { address } from '../../../src/base/address.ts';
import { concat, utf8, type Bytes } from '../../../src/base/bytes.ts';
import { nodeIdOf } from '../../../src/base/id.ts';
import { millis } from '../../../src/base/time.ts';
import type { Effect, LinkId } from '../../../src/core/io.ts';
import type { LinkClient } from '../../../src/sim/links.ts';
import { only, worldOf, type Scripted, type Script } from './scripted.ts';

const CLIENT = nodeIdOf(new Uint8Array(32).fill(9));
const TAG = utf8('a tag of twenty-six octets');

function frame(text: string): Bytes {
  const body = utf8(text);
  return concat(Uint8Array.of(0, 0, 0, body.length), body);
}

/** Notes what the client's end sees. */
class Client implements LinkClient {
  readonly id = CLIENT;
  readonly seen: string[] = [];

  opened(_link: LinkId): void {
    this.seen.push('opened');
  }

  received(_link: LinkId, body: Bytes): void {
    this.seen.push(String.fromCharCode(...body));
  }

  closed(_link: LinkId): void {
    this.seen.push('closed');
  }
}

function knocked(script: Script): {
  readonly client: Client;
  readonly link: LinkId;
  machine(): Scripted;
  send(...frames: Bytes[]): void;
  hangUp(): void;
  run(): void;
  crash(): void;
} {
  const { world, hosts, machine } = worldOf(script);
  const server = only(hosts);
  server.start();
  const client = new Client();
  const from = address('192.0.2.9', 50_000);
  if (from === undefined) throw new Error('an address was not read');
  const link = world.links.knock(server, client, { tag: TAG, from, delay: millis(5) });
  return {
    client,
    link,
    machine: () => machine(0),
    send: (...frames) => world.links.clientSends(link, concat(...frames)),
    hangUp: () => world.links.clientCloses(link),
    run: () => void world.run(100),
    crash: () => server.crash(),
  };
}

/** Lets everybody in, and answers each frame with two in one effect. */
const host: Script = (input): readonly Effect[] => {
  if (input.type === 'knock') return [{ type: 'admit-link', link: input.link }];
  if (input.type !== 'link-frame') return [];
  const bytes = concat(frame('one'), frame('two'));
  return [
    { type: 'link-send', link: input.link, bytes },
    { type: 'close-link', link: input.link },
  ];
};

describe('a link', () => {
  it('is a knock with a tag, a proven key, frames in order and an end', () => {
    const scene = knocked(host);
    scene.run();
    scene.send(frame('please'));
    scene.run();
    const types = scene.machine().got.map(({ input }) => input.type);
    expect(types).toEqual(['start', 'knock', 'link-open', 'link-frame']);
    expect(only(scene.machine().inputs('knock')).tag).toEqual(TAG);
    expect(only(scene.machine().inputs('link-open')).peer).toBe(CLIENT);
    expect(only(scene.machine().inputs('link-frame')).body).toEqual(utf8('please'));
    expect(scene.client.seen).toEqual(['opened', 'one', 'two', 'closed']);
  });

  it('that is refused closes without a word', () => {
    const scene = knocked((input) =>
      input.type === 'knock' ? [{ type: 'close-link', link: input.link }] : [],
    );
    scene.run();
    expect(scene.client.seen).toEqual(['closed']);
  });

  it('gives several frames that were sent at once one by one', () => {
    const scene = knocked((input) =>
      input.type === 'knock' ? [{ type: 'admit-link', link: input.link }] : [],
    );
    scene.run();
    scene.send(frame('a'), frame('b'));
    scene.run();
    const bodies = scene
      .machine()
      .inputs('link-frame')
      .map(({ body }) => body);
    expect(bodies).toEqual([utf8('a'), utf8('b')]);
  });

  it('tells the machine when the client hangs up, and nothing after', () => {
    const scene = knocked(host);
    scene.run();
    scene.hangUp();
    scene.send(frame('please'));
    scene.run();
    expect(scene.machine().got.at(-1)?.input).toEqual({ type: 'link-closed', link: scene.link });
  });

  it('dies with the life of the machine that took it', () => {
    const scene = knocked(host);
    scene.crash();
    scene.run();
    expect(scene.client.seen).toEqual([]);
    expect(scene.machine().inputs('knock')).toEqual([]);
  });
});
