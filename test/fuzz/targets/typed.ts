/** What people type: addresses, names, IDs, durations. */
import {
  addressFromBytes,
  addressKey,
  formatAddress,
  ipBytes,
  networkOf,
  parseAddress,
  scopeOf,
  usable,
} from '../../../src/base/address.ts';
import { fromBase32, toBase32 } from '../../../src/base/base32.ts';
import { fromHex, fromUtf8, toHex, utf8, type Bytes } from '../../../src/base/bytes.ts';
import { readHostPort } from '../../../src/base/host-port.ts';
import { parseClusterId, parseName, parseNodeId } from '../../../src/base/id.ts';
import { formatDuration, parseDuration } from '../../../src/base/time.ts';
import { isTokenAddress } from '../../../src/wire/token.ts';
import { must, sameValue, type Target } from './target.ts';

export const typed: Target = {
  name: 'typed',
  title: 'addresses, host names, node names, IDs and durations as typed',
  covers: /src\/base\/(address|ip|host-port|id|time|base32|bytes)\.ts$/,
  lengthMax: 300,
  seeds: () => {
    const addresses = ['192.0.2.7:4117', '[2001:db8::7]:4117', '[::ffff:192.0.2.7]:1', '[::]:0'];
    const others = ['attic.example:4117', 'Attic', '600ms', '1.5h', 'fe80::1%eth0', '10d', '00ff'];
    const id = toBase32(Uint8Array.from({ length: 32 }, (_, at) => at));
    return [...addresses, ...others, id].map(utf8);
  },
  words: ['::', ':', '[', ']', '.', '255', '%', 'ms', 's', 'm', 'h', 'd', '65535', '-'].map(utf8),
  run: (bytes) => {
    const text = fromUtf8(bytes) ?? new TextDecoder().decode(bytes);
    return [...addressSigns(text), ...wordSigns(text), ...codeSigns(text, bytes)];
  },
};

function addressSigns(text: string): string[] {
  const read = readHostPort(text);
  const address = parseAddress(text);
  const signs = [`place ${read.type}`, `token ${String(isTokenAddress(text))}`];
  if (read.type === 'wrong') must(read.why !== '' && read.quote.length < 200, 'no words');
  // Whoever types an address has to get that one, and no other.
  if (read.type === 'address' && address !== undefined) {
    must(sameValue(read.address, address), 'one text is two addresses');
  }
  if (address === undefined) return signs;
  const shown = formatAddress(address);
  must(sameValue(parseAddress(shown), address), 'an address changes on its way');
  must(addressKey(address) === shown, 'a key of its own');
  const again = addressFromBytes(address.family, ipBytes(address), address.port);
  must(sameValue(again, address), 'octets of another address');
  return [...signs, `${scopeOf(address)} ${String(usable(address))}`, networkOf(address).slice(-3)];
}

function wordSigns(text: string): string[] {
  const duration = parseDuration(text);
  const name = parseName(text);
  if (name !== undefined) must(parseName(name) === name, 'a name has two forms');
  if (duration === undefined) return [`name ${String(name !== undefined)}`];
  must(duration >= 0 && Number.isFinite(duration), 'a duration that is none');
  must(parseDuration(formatDuration(duration)) !== undefined, 'a duration nobody can read');
  return ['duration'];
}

function codeSigns(text: string, bytes: Bytes): string[] {
  const octets = fromBase32(text);
  const hex = fromHex(text);
  if (octets !== undefined) must(toBase32(octets) === text.toLowerCase(), 'base32 in two forms');
  if (hex !== undefined) must(toHex(hex) === text.toLowerCase(), 'hexadecimal in two forms');
  must(fromUtf8(bytes) === undefined || toHex(utf8(text)) === toHex(bytes), 'UTF-8 in two forms');
  for (const id of [parseNodeId(text), parseClusterId(text)]) {
    if (id !== undefined) must(id === text.toLowerCase(), 'an ID in two forms');
  }
  return [`base32 ${String(octets !== undefined)}`, `hexadecimal ${String(hex !== undefined)}`];
}
