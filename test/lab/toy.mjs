/**
 * The smallest program that can be on a network, to test the lab by: `toy.mjs echo [HOST]` says
 * what it hears back to the sender, until it is ended; `toy.mjs ask HOST [PORT]` sends one datagram
 * and prints the answer, or `silence` after 400 ms. Over UDP port 4117, or `PORT`.
 */
import dgram from 'node:dgram';

const [, , task, host = '', port = '4117'] = process.argv;
const socket = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4');
if (task === 'echo') {
  socket.on('message', (text, from) => socket.send(text, from.port, from.address));
  socket.bind(4117, host === '' ? undefined : host, () => console.log('ready'));
} else {
  const end = (answer) => {
    console.log(answer);
    process.exit();
  };
  socket.on('message', (text, from) => end(`${text} from ${from.address}`));
  socket.on('error', (error) => end(error.message));
  socket.send('hello', Number(port), host);
  setTimeout(end, 400, 'silence');
}
