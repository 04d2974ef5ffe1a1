/** Well-formed values to begin with, one of each kind. */
import type { Bytes } from '../../../src/base/bytes.ts';
import { signRecord } from '../../../src/wire/record.ts';
import type { Message } from '../../../src/wire/message.ts';
import { at, attic, cellar, octets, record } from '../../unit/wire/samples.ts';

export {
  acts,
  at,
  attic,
  cellar,
  cluster,
  octets,
  record,
  token,
} from '../../unit/wire/samples.ts';

const place = at('203.0.113.7:4117');
const place6 = at('[2001:db8::7]:4117');
const recordBytes: Bytes = signRecord(attic, record).bytes;
const beat = { challenge: 0xfeed_beef, sequence: 7, digest: 0xffff_ffff };
const digests = Array.from({ length: 16 }, (_, index) => index);

/** A message of each kind, in each of its shapes. */
export const messages: readonly Message[] = [
  { type: 'ping', ...beat },
  { type: 'pong', ...beat, seen: place },
  { type: 'pong', ...beat, seen: place6 },
  { type: 'news', items: [] },
  {
    type: 'news',
    items: [
      { kind: 'record', bytes: recordBytes },
      { kind: 'act', bytes: octets(150) },
    ],
  },
  {
    type: 'want',
    wants: [
      { kind: 'record', id: attic.id, from: 7 },
      { kind: 'act', id: cellar.id, from: 1 },
    ],
  },
  { type: 'summary', depth: 0, prefix: 0, mode: 'digests', digests },
  {
    type: 'summary',
    depth: 2,
    prefix: 0xab00_0000,
    mode: 'leaves',
    leaves: [{ prefix: octets(8), sequence: 7, acts: 3 }],
  },
  { type: 'seek', target: cellar.id, sequence: 7 },
  { type: 'sought', target: cellar.id, age: 7, seen: place, record: recordBytes },
  { type: 'sought', target: cellar.id, age: undefined, seen: undefined, record: undefined },
  { type: 'introduce', seeker: cellar.id, address: place6, record: recordBytes },
  { type: 'introduce', seeker: cellar.id, address: place, record: undefined },
];
