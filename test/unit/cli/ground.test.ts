import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { findGround } from '../../../src/cli/demo/ground.ts';

it('the demo takes other ports where the usual one is taken', async () => {
  const before = (await findGround(2)).spot(0, 0);
  const socket = createSocket('udp4');
  socket.bind({ address: before.ip, port: before.port, exclusive: true });
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  const after = await findGround(2);
  expect(after.spot(0, 0).port).not.toBe(before.port);
});

it('the demo has a spot for each daemon and move, none twice', async () => {
  const ground = await findGround(5);
  const spots = [0, 1, 2, 3, 4].flatMap((daemon) =>
    [0, 1, 2, 3].map((moves) => JSON.stringify(ground.spot(daemon, moves))),
  );
  expect(new Set(spots).size).toBe(spots.length);
});
