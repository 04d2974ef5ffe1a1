/**
 * As much MessagePack as serf's RPC speaks (github.com/msgpack/msgpack, spec.md): maps with short
 * keys, strings and small numbers on the way out; all but extensions on the way in. Byte strings
 * become Latin-1, so that nothing is lost.
 */

/**
 * A map of fewer than 16 strings, booleans and whole numbers below 2³².
 * @param {Readonly<Record<string, string | number | boolean>>} map
 */
export function encode(map) {
  const entries = Object.entries(map);
  const parts = entries.flatMap(([key, value]) => [scalar(key), scalar(value)]);
  return Buffer.concat([Buffer.of(0x80 | entries.length), ...parts]);
}

function scalar(value) {
  if (typeof value === 'boolean') return Buffer.of(value ? 0xc3 : 0xc2);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(5, 0xce);
    bytes.writeUInt32BE(value, 1);
    return bytes;
  }
  const text = Buffer.from(value);
  const head = Buffer.alloc(3, 0xda);
  head.writeUInt16BE(text.length, 1);
  return Buffer.concat([head, text]);
}

/** Thrown and caught in here alone: more bytes must come first. */
class Short extends Error {}

/**
 * The first value in some bytes and how many it takes; 0 of them when it isn't all there yet.
 * @param {Buffer} bytes
 * @returns {[unknown, number]}
 */
export function decode(bytes) {
  const reader = { bytes, at: 0 };
  try {
    return [read(reader), reader.at];
  } catch (error) {
    if (error instanceof Short) return [undefined, 0];
    throw error;
  }
}

/** What each fixed-size number is read with. */
const numbers = {
  0xca: ['readFloatBE', 4],
  0xcb: ['readDoubleBE', 8],
  0xcc: ['readUInt8', 1],
  0xcd: ['readUInt16BE', 2],
  0xce: ['readUInt32BE', 4],
  0xcf: ['readBigUInt64BE', 8],
  0xd0: ['readInt8', 1],
  0xd1: ['readInt16BE', 2],
  0xd2: ['readInt32BE', 4],
  0xd3: ['readBigInt64BE', 8],
};
/** How the length of each longer string, list and map is read. */
const lengths = {
  ...{ 0xc4: ['text', 1], 0xc5: ['text', 2], 0xc6: ['text', 4] },
  ...{ 0xd9: ['text', 1], 0xda: ['text', 2], 0xdb: ['text', 4] },
  ...{ 0xdc: ['list', 2], 0xdd: ['list', 4], 0xde: ['map', 2], 0xdf: ['map', 4] },
};

function read(reader) {
  const [type] = take(reader, 1);
  if (type < 0x80) return type;
  if (type < 0x90) return map(reader, type & 15);
  if (type < 0xa0) return list(reader, type & 15);
  if (type < 0xc0) return text(reader, type & 31);
  if (type >= 0xe0) return type - 256;
  if (type === 0xc0) return null;
  if (type === 0xc2 || type === 0xc3) return type === 0xc3;
  const [method, size] = numbers[type] ?? [];
  if (method !== undefined) return Number(take(reader, size)[method]());
  const [kind, width] = lengths[type] ?? [];
  if (kind === undefined) throw new Error(`MessagePack type ${type} is not read here`);
  const length = take(reader, width).readUIntBE(0, width);
  return { text, list, map }[kind](reader, length);
}

function text(reader, length) {
  return take(reader, length).toString('latin1');
}

function list(reader, length) {
  return Array.from({ length }, () => read(reader));
}

function map(reader, length) {
  return Object.fromEntries(Array.from({ length }, () => [read(reader), read(reader)]));
}

function take(reader, length) {
  if (reader.at + length > reader.bytes.length) throw new Short();
  reader.at += length;
  return reader.bytes.subarray(reader.at - length, reader.at);
}
