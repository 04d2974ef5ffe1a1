/** The HTTP client of a scripted original. */
import http from 'node:http';
import https from 'node:https';

/**
 * Says one thing to a peer, headers as a client of Go's writes them and in its order. Gives status
 * and text of the answer, or undefined when there was none.
 */
export function post(peer, operation, body, agents, source, signal) {
  const port = String(peer.port);
  const module = peer.https ? https : http;
  const options = {
    host: peer.ip,
    port,
    method: 'POST',
    path: `${peer.path}?opr=${operation}`,
    agent: peer.https ? agents.https : agents.http,
    localAddress: source,
    rejectUnauthorized: false,
    signal,
    headers: {
      Host: `${peer.ip}:${port}`,
      'User-Agent': 'Go-http-client/1.1',
      'Content-Length': String(Buffer.byteLength(body)),
      'Content-Type': 'application/json',
      'Accept-Encoding': 'gzip',
    },
  };
  return new Promise((resolve) => {
    const fail = () => resolve(undefined);
    let request;
    try {
      request = module.request(options);
    } catch {
      // An address that is none, such as half an IPv6 address.
      return fail();
    }
    // A client of Go says nothing of the connection, and keeps it.
    request.removeHeader('connection');
    request.on('error', fail);
    request.on('response', (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', fail);
      response.on('end', () => {
        resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString() });
      });
    });
    return request.end(body);
  });
}
