import { describe, expect, it, onTestFinished } from 'vitest';
import { clusterIdOf, parseName, type NodeName } from '../../src/base/id.ts';
import { wallTime } from '../../src/base/time.ts';
import { foundCluster } from '../../src/core/founding.ts';
import type { Input } from '../../src/core/io.ts';
import { identityFrom } from '../../src/crypto/identity.ts';
import { nodeSuite } from '../../src/crypto/node-suite.ts';
import { dial, type Joiner } from '../../src/runtime/dial.ts';
import { linkContext } from '../../src/runtime/links.ts';
import { Ports } from '../../src/runtime/ports.ts';
import { decodeFrameBody, encodeFrame, type RefusalReason } from '../../src/wire/join.ts';
import type { Token } from '../../src/wire/token.ts';
import { Arrivals, userErrorOf } from './waiting.ts';

const MAKER_SEED = new Uint8Array(32).fill(1);
const maker = identityFrom(nodeSuite, MAKER_SEED);
const joiner = identityFrom(nodeSuite, new Uint8Array(32).fill(2));
const PI = parseName('pi') as NodeName;

/** A maker that admits every knock and answers each frame with these bytes. */
async function listen(
  seed: Uint8Array,
  answer?: Uint8Array,
): Promise<{ at: string; inputs: Arrivals<Input> }> {
  const inputs = new Arrivals<Input>();
  const deliver = (input: Input): void => {
    inputs.add(input);
    if (input.type === 'knock') ports.links.admit(input.link);
    if (input.type !== 'link-frame') return;
    if (answer !== undefined) ports.links.send(input.link, answer);
    ports.links.closeLink(input.link);
  };
  const ports: Ports = new Ports({ context: linkContext(seed), deliver, note: () => undefined });
  await ports.open(['127.0.0.1'], 0);
  onTestFinished(() => {
    ports.close();
  });
  return { at: `127.0.0.1:${String(ports.port)}`, inputs };
}

function invited(at: readonly string[], expires = Date.now() + 60_000): Joiner {
  const token: Token = {
    cluster: clusterIdOf(new Uint8Array(16).fill(5)),
    maker: maker.id,
    secret: new Uint8Array(16).fill(6),
    expires: wallTime(expires),
    at,
  };
  return { identity: joiner, token, name: PI };
}

describe('one who joins', () => {
  const refusals: readonly (readonly [RefusalReason, string])[] = [
    ['spent', 'join-spent'],
    ['expired', 'join-expired'],
    ['unknown-invite', 'join-unknown-invite'],
    ['name-taken', 'join-name-taken'],
    ['malformed', 'join-malformed'],
    ['not-ready', 'join-not-ready'],
  ];
  it.each(refusals)('who is told %s gets %s', async (reason, code) => {
    const { at, inputs } = await listen(MAKER_SEED, encodeFrame({ type: 'refused', reason }));
    const error = await userErrorOf(dial(invited([at])));
    expect(error.code).toBe(code);
    expect(error.hint).not.toBe('');
    const asked = await inputs.first((input) => input.type === 'link-frame');
    const request = asked.type === 'link-frame' ? decodeFrameBody(asked.body) : undefined;
    expect(request).toMatchObject({ type: 'request', id: joiner.id, name: 'pi' });
  });

  it('says nothing to another node than the maker, and names the address', async () => {
    const { at, inputs } = await listen(new Uint8Array(32).fill(3));
    const error = await userErrorOf(dial(invited([at])));
    expect(error.code).toBe('join-wrong-node');
    expect(error.message).toContain(at);
    await inputs.first((input) => input.type === 'link-closed');
    expect(inputs.all.some(({ type }) => type === 'link-frame')).toBe(false);
  });

  it('goes on to the next address when one gives no answer', async () => {
    const refused = encodeFrame({ type: 'refused', reason: 'spent' });
    const { at } = await listen(MAKER_SEED, refused);
    const wrong = await listen(new Uint8Array(32).fill(3));
    const error = await userErrorOf(dial(invited(['127.0.0.1:1', wrong.at, at])));
    expect(error.code).toBe('join-spent');
  });

  it('lists all it tried, host names with what they stand for', async () => {
    const error = await userErrorOf(dial(invited(['localhost:1', 'attic.invalid:4117'])));
    expect(error.code).toBe('join-unreachable');
    expect(error.message).toMatch(/localhost:1 \((127\.0\.0\.1|\[::1\]):1\): refused/);
    expect(error.message).toContain('attic.invalid');
  });

  it('is told so when the token names no address', async () => {
    expect((await userErrorOf(dial(invited([])))).message).toContain('no address');
  });

  it('takes an answer of nonsense for no answer', async () => {
    const { at } = await listen(MAKER_SEED, new Uint8Array(64).fill(0xff));
    const error = await userErrorOf(dial(invited([at])));
    expect([error.code, error.message]).toEqual([
      'join-unreachable',
      expect.stringContaining('nonsense'),
    ]);
  });

  it('believes no admission that its cluster’s acts do not prove', async () => {
    // A cluster of the maker's own, but not the one that the token names.
    const nonce = new Uint8Array(16);
    const other = foundCluster(nodeSuite, maker, { clusterName: 'x', nodeName: PI, nonce });
    const frames = [
      ...other.acts.map((bytes) => encodeFrame({ type: 'item', item: { kind: 'act', bytes } })),
      encodeFrame({ type: 'done', seen: undefined }),
    ];
    const { at } = await listen(MAKER_SEED, Buffer.concat(frames));
    const error = await userErrorOf(dial(invited([at])));
    expect(error.message).toContain('nonsense');
  });

  it('learns that an invite has probably expired where nobody knows it any more', async () => {
    const silent = new Ports({
      context: linkContext(MAKER_SEED),
      deliver: (input) => {
        if (input.type === 'knock') silent.links.closeLink(input.link);
      },
      note: () => undefined,
    });
    await silent.open(['127.0.0.1'], 0);
    onTestFinished(() => {
      silent.close();
    });
    const at = [`127.0.0.1:${String(silent.port)}`];
    expect((await userErrorOf(dial(invited(at, 1000)))).code).toBe('join-expired');
    expect((await userErrorOf(dial(invited(at)))).code).toBe('join-unknown-invite');
  });

  it('is given up at once when its caller says so, in the middle of waiting', async () => {
    // Takes the connection and never says a word.
    const ports = new Ports({
      context: linkContext(MAKER_SEED),
      deliver: () => undefined,
      note: () => undefined,
    });
    await ports.open(['127.0.0.1'], 0);
    onTestFinished(() => {
      ports.close();
    });
    const began = performance.now();
    const signal = AbortSignal.timeout(100);
    const error = await userErrorOf(dial(invited([`127.0.0.1:${String(ports.port)}`]), { signal }));
    expect(error.code).toBe('aborted');
    expect(performance.now() - began).toBeLessThan(2000);
  });
});
