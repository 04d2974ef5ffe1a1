/**
 * A node that floats: it registers with one whose address a human knows, beats, and learns from the
 * answers where it is itself. The second program of the original's README.
 *
 *     NODE_PASSWORD=123456 node examples/client.ts 192.168.0.101
 */
import { createServer } from 'node:http';
import { ServiceRouter } from 'flotilla/v1';

const host = process.argv[2] ?? '127.0.0.1';
const port = Number(process.env['PORT'] ?? 8081);
const password = process.env['NODE_PASSWORD'] ?? '';

const node1 = new ServiceRouter({
  deviceUuid: 'node1',
  authFunction: (username, given) => username === 'user' && given === password,
  syncIntervalMs: Number(process.env['INTERVAL_MS'] ?? 10_000),
});
node1.onIpChange((ip) => {
  console.log('this node is at', ip);
});

const thatNode = node1.newNode({
  nodeId: 'thisNode',
  port: Number(process.env['THEIR_PORT'] ?? 8080),
  restInterface: '/godddns',
  requireHttps: false,
  // On a LAN of one's own: whoever else is on the way could read the password.
  insecureHttp: true,
});
node1.addNode(thatNode);

const server = createServer((request, response) => {
  node1.handleConnections(request, response);
});
server.listen(port);

// The address of today and the credentials; from now on it is found wherever it goes.
await thatNode.startConnection(host, 'user', password);
console.log('connected to', thatNode.uuid, 'at', thatNode.ipAddr);
node1.startHeartbeat();

process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  // Ends the heartbeats; nothing else keeps this program alive.
  void node1.close();
});
