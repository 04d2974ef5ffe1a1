/** What waits for the disk, in a host without a port or a peer. */
import { expect, it, onTestFinished } from 'vitest';
import { V1Host } from '../../../../src/runtime/v1/host.ts';
import { V1_DEFAULTS } from '../../../../src/v1/config.ts';
import { V1Machine } from '../../../../src/v1/machine.ts';

const FROM = { from: '192.0.2.9:40000' };

/** A disk whose writes end when the test says so, and a host above it. */
function onDisk(): {
  readonly host: V1Host;
  readonly machine: V1Machine;
  readonly writes: (() => void)[];
} {
  const settings = { ...V1_DEFAULTS, beat: false };
  const machine = new V1Machine({ name: 'attic', stored: undefined, settings, seed: 1 });
  const writes: (() => void)[] = [];
  const host = new V1Host({
    machine,
    authenticate: (username, password) =>
      Promise.resolve(password === 'right' ? username : undefined),
    onBroken: (error) => {
      throw error;
    },
    write: () =>
      new Promise((settle) => {
        writes.push(settle);
      }),
  });
  onTestFinished(() => host.close());
  host.start();
  return { host, machine, writes };
}

function connect(host: V1Host, password: string): Promise<Response> {
  const body = JSON.stringify({ NodeUUID: 'pi', Password: password, Username: 'user' });
  const request = new Request('http://attic/godddns?opr=c', { method: 'POST', body });
  return host.fetch(request, FROM);
}

/** Until all that is ready has run: what waits for the disk waits for nothing else. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((settle) => setImmediate(settle));
}

it('a new secret is told when it is on disk', async () => {
  const { host, machine, writes } = onDisk();
  let answered = false;
  const answer = connect(host, 'right').finally(() => {
    answered = true;
  });
  while (writes.length === 0) await settled();
  await settled();
  expect(answered).toBe(false);
  const [peer] = machine.stored().peers;
  writes[0]?.();
  const { TOTPSecret } = (await (await answer).json()) as { readonly TOTPSecret: string };
  // What was written is what is told.
  expect(peer?.handed).toMatchObject([{ secret: TOTPSecret, ip: '192.0.2.9' }]);
});

it('a refusal waits for no disk', async () => {
  const { host, writes } = onDisk();
  expect((await connect(host, 'wrong')).status).toBe(401);
  expect(writes).toEqual([]);
});

it('a host that ends while the disk is busy gives no secret away', async () => {
  const { host, writes } = onDisk();
  const answer = connect(host, 'right');
  while (writes.length === 0) await settled();
  await host.close();
  writes[0]?.();
  expect((await answer).status).not.toBe(200);
});
