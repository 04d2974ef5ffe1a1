/**
 * Rule R1, made to bite: a preload under which looking in the mirror throws.
 *
 * Loaded in every test process (vitest's `setupFiles`) and in every daemon that a test starts
 * (`NODE_OPTIONS`, see `daemon-env.ts`). Whatever asks the machine for its addresses fails loudly
 * there: `os.networkInterfaces`, and the kernel's own tables read as files.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { fileURLToPath } from 'node:url';

/** The kernel's lists of interfaces, addresses, routes and sockets. */
const mirror = /^\/(proc\/([^/]+\/(task\/[^/]+\/)?)?net|sys\/class\/net)(\/|$)/;

/** @param {string} what */
function refuse(what) {
  throw new Error(`R1: ${what} was asked for this machine's own addresses`);
}

/** @param {unknown} path */
function check(path) {
  if (typeof path !== 'string' && !(path instanceof URL) && !Buffer.isBuffer(path)) return;
  const name = path instanceof URL ? fileURLToPath(path) : path.toString();
  if (mirror.test(name)) refuse(name);
}

/**
 * Puts the check in front of each named function that takes a path first.
 * @param {Record<string, unknown>} holder
 * @param {string[]} names
 */
function guard(holder, names) {
  for (const name of names) {
    const original = holder[name];
    if (typeof original !== 'function') continue;
    const guarded = function (...args) {
      check(args[0]);
      return Reflect.apply(original, this, args);
    };
    // Keeps what hangs on the function, such as `util.promisify.custom`.
    holder[name] = Object.defineProperties(guarded, Object.getOwnPropertyDescriptors(original));
  }
}

const readers = ['readFile', 'open', 'readdir', 'opendir'];
guard(fs, [...readers, ...readers.map((name) => `${name}Sync`), 'createReadStream']);
guard(fs.promises, readers);
os.networkInterfaces = () => refuse('os.networkInterfaces');

// Makes `import { networkInterfaces } from 'node:os'` see the change as well.
syncBuiltinESMExports();
