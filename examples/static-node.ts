/**
 * A node that others find: it stays where it is, lets users in, and beats. The first program of the
 * original's README, inside a server that has other things to do as well.
 *
 *     NODE_PASSWORD=123456 node examples/static-node.ts
 */
import { createServer } from 'node:http';
import { ServiceRouter } from 'flotilla/v1';

const port = Number(process.env['PORT'] ?? 8080);
const password = process.env['NODE_PASSWORD'];
if (password === undefined) throw new Error('NODE_PASSWORD says who may register here');

const thisNode = new ServiceRouter({
  deviceUuid: 'thisNode',
  authFunction: (username, given) => username === 'user' && given === password,
  syncIntervalMs: Number(process.env['INTERVAL_MS'] ?? 10_000),
  onEvent: (event) => {
    console.log(event.type, 'name' in event ? event.name : '');
  },
});

// Whatever else this server does, one path of it belongs to the neighbours.
const server = createServer((request, response) => {
  if (request.url?.startsWith('/godddns') === true) thisNode.handleConnections(request, response);
  else response.end(`${String(thisNode.getNeighbourNodes().length)} neighbours\n`);
});
server.listen(port, () => {
  console.log('listening');
});

thisNode.startHeartbeat();

process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  void thisNode.close();
});
