/** Where the demo's daemons can be: addresses of loopback, or ports where there is one address. */

import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { UserError } from '../../base/errors.ts';
import type { Spot } from './messages.ts';

/** The spots of the demo. */
export interface Ground {
  /** What changes when a node moves. */
  readonly changing: 'address' | 'port';
  /** The spot of a daemon, numbered from 0, after so many moves. */
  spot(daemon: number, moves: number): Spot;
}

/** The usual port first, so that the demo looks like the real thing; then some others. */
const PORTS = [4117, 4217, 14117, 24117, 34117, 44117];
/** Spots lie this far apart from one move of a daemon to the next. */
const STRIDE = 10;

/** Addresses 127.0.0.2, 3, …; after the first move .12, .13, …: easy to follow by the eye. */
export function byAddress(port: number): Ground {
  return {
    changing: 'address',
    spot: (daemon, moves) => ({ ip: `127.0.0.${String(2 + daemon + STRIDE * moves)}`, port }),
  };
}

/** One address, and ports; after the first move each port is ten higher. */
export function byPort(port: number): Ground {
  return {
    changing: 'port',
    spot: (daemon, moves) => ({ ip: '127.0.0.1', port: port + daemon + STRIDE * moves }),
  };
}

/** Finds ground for so many daemons by trying to bind; asks the machine for nothing (R1). */
export async function findGround(daemons: number): Promise<Ground> {
  const addresses = (await tryUdp({ ip: '127.0.0.2', port: 0 })) === 'free';
  for (const port of PORTS) {
    const ground = addresses ? byAddress(port) : byPort(port);
    if (await isFree(ground, daemons)) return ground;
  }
  throw new UserError(
    'demo-no-ground',
    `No port for the demo is free on loopback; it tried ${PORTS.join(', ')}.`,
    'Stop another daemon or demo on this machine.',
  );
}

async function isFree(ground: Ground, daemons: number): Promise<boolean> {
  for (let daemon = 0; daemon < daemons; daemon += 1) {
    const spot = ground.spot(daemon, 0);
    if ((await tryUdp(spot)) !== 'free' || (await tryTcp(spot)) !== 'free') return false;
  }
  return true;
}

function tryUdp({ ip, port }: Spot): Promise<'free' | 'taken'> {
  return new Promise((settle) => {
    const socket = createSocket('udp4');
    socket.once('error', () => {
      socket.close();
      settle('taken');
    });
    socket.bind({ address: ip, port, exclusive: true }, () => {
      socket.close(() => {
        settle('free');
      });
    });
  });
}

function tryTcp({ ip, port }: Spot): Promise<'free' | 'taken'> {
  return new Promise((settle) => {
    const server = createServer();
    server.once('error', () => {
      settle('taken');
    });
    server.listen({ host: ip, port, exclusive: true }, () => {
      server.close(() => {
        settle('free');
      });
    });
  });
}
