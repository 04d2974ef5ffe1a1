/** The routes of the control API that are about v1 peers. */

import type {
  DoneDocument,
  V1CallDocument,
  V1ExportedDocument,
  V1ImportedDocument,
  V1UsersDocument,
} from './answers.ts';
import type { V1Control, Wait } from './control.ts';
import { readFields } from './fields.ts';

/** Handles one request. */
export type V1Handler = (v1: V1Control, body: string, wait: Wait) => Promise<object>;

const DONE: DoneDocument = { schema: 1, done: true };

/** All routes by method and path. */
export const V1_ROUTES: ReadonlyMap<string, V1Handler> = new Map<string, V1Handler>([
  ['POST /v2/v1/add', add],
  ['POST /v2/v1/remove', remove],
  ['POST /v2/v1/trust', trust],
  ['GET /v2/v1/users', users],
  ['POST /v2/v1/users/add', addUser],
  ['POST /v2/v1/users/remove', removeUser],
  ['POST /v2/v1/import', importOriginal],
  ['POST /v2/v1/export', exportOriginal],
]);

async function add(v1: V1Control, body: string, wait: Wait): Promise<V1CallDocument> {
  const known = ['name', 'at', 'path', 'https', 'insecure', 'username', 'password'];
  const fields = readFields(body, known);
  const [path, username] = [fields.optional('path'), fields.optional('username')];
  const typed = {
    name: fields.text('name'),
    at: fields.text('at'),
    https: fields.flag('https'),
    insecure: fields.flag('insecure'),
    ...(path === undefined ? {} : { path }),
    ...(username === undefined ? {} : { login: { username, password: fields.text('password') } }),
  };
  return { schema: 1, ...(await v1.add(typed, wait)) };
}

async function remove(v1: V1Control, body: string): Promise<DoneDocument> {
  await v1.remove(readFields(body, ['name']).text('name'));
  return DONE;
}

async function trust(v1: V1Control, body: string, wait: Wait): Promise<V1CallDocument> {
  return { schema: 1, ...(await v1.trust(readFields(body, ['name']).text('name'), wait)) };
}

async function users(v1: V1Control): Promise<V1UsersDocument> {
  return { schema: 1, users: await v1.users() };
}

async function addUser(v1: V1Control, body: string): Promise<DoneDocument> {
  const fields = readFields(body, ['name', 'password']);
  await v1.addUser(fields.text('name'), fields.text('password'));
  return DONE;
}

async function removeUser(v1: V1Control, body: string): Promise<DoneDocument> {
  await v1.removeUser(readFields(body, ['name']).text('name'));
  return DONE;
}

async function importOriginal(v1: V1Control, body: string): Promise<V1ImportedDocument> {
  const original = readFields(body, ['original']).object('original');
  return { schema: 1, ...(await v1.import(original)) };
}

async function exportOriginal(v1: V1Control, body: string): Promise<V1ExportedDocument> {
  readFields(body, []);
  return { schema: 1, original: await v1.export() };
}
