/**
 * What a machine holds, private fields included, as a debugger sees it: each collection by its path
 * and size. Whatever grows beyond what its owner says is a finding, whoever made it grow.
 */
import { Session, type Runtime } from 'node:inspector';
import type { Node } from '../../../src/core/node.ts';
import { must } from '../targets/target.ts';
import { limitOf } from './limits.ts';

/** Entries of a collection that are looked into: its first ones and the last. */
const SAMPLE = 3;
/** Objects looked into, in all. */
const OBJECTS_MAX = 3_000;
/** `Map(3)`, `Uint8Array(32)`. */
const SIZED = /^(\w+)\((\d+)\)$/;

let session: Session | undefined;

interface Found {
  readonly path: string;
  readonly value: Runtime.RemoteObject;
}

/** Throws when a collection in the machine is larger than a cluster of so many members explains. */
export function xRay(node: Node, members: number): void {
  for (const [path, size] of collections(node)) {
    const limit = limitOf(path, members);
    must(size <= limit, `${path} holds ${String(size)}, more than ${String(limit)}`);
  }
}

/** The largest size found at each path. */
export function collections(node: Node): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  const queue: Found[] = [{ path: 'node', value: remote(node) }];
  const seen = new Set<string>();
  for (let looked = 0; queue.length > 0 && looked < OBJECTS_MAX; looked += 1) {
    const next = queue.shift();
    if (next?.value.objectId === undefined) continue;
    for (const found of inside(next)) {
      const { objectId, description = '' } = found.value;
      const [, kind = '', size = ''] = SIZED.exec(description) ?? [];
      if (kind.endsWith('Array') && kind !== 'Array') continue;
      if (size !== '') sizes.set(found.path, Math.max(sizes.get(found.path) ?? 0, Number(size)));
      if (objectId === undefined || skipped(found) || seen.has(objectId)) continue;
      seen.add(objectId);
      queue.push(found);
    }
  }
  post('Runtime.releaseObjectGroup', { objectGroup: GROUP });
  return sizes;
}

const GROUP = 'x-ray';

/** What is not the machine's own memory, or would be looked into by another path. */
function skipped({ path, value }: Found): boolean {
  const { type, subtype, className = '' } = value;
  if (type !== 'object' || subtype === 'null') return true;
  if (/Array$/.test(className) && className !== 'Array') return true;
  // Reached by its own field of the crew.
  return /\.(#?suite|#?own|#?identity|#?random|#?unpredictable|settings)$/i.test(path);
}

function inside({ path, value }: Found): Found[] {
  const { objectId = '', subtype, className } = value;
  const got = post('Runtime.getProperties', { objectId, ownProperties: true });
  const named = [...got.result, ...(got.privateProperties ?? [])].flatMap(
    ({ name, value: held }) => (held === undefined || name === '__proto__' ? [] : [{ name, held }]),
  );
  if (className === 'Array') {
    const items = named.filter(({ name }) => /^\d+$/.test(name));
    return sample(items).map(({ held }) => ({ path: `${path}[]`, value: held }));
  }
  if (subtype !== 'map' && subtype !== 'set') {
    return named.map(({ name, held }) => ({ path: `${path}.${name}`, value: held }));
  }
  const entries = got.internalProperties?.find(({ name }) => name === '[[Entries]]')?.value;
  if (entries?.objectId === undefined) return [];
  const list = post('Runtime.getProperties', { objectId: entries.objectId, ownProperties: true });
  const items = list.result.filter(({ name }) => /^\d+$/.test(name));
  return sample(items).flatMap(({ value: entry }) =>
    entry?.objectId === undefined ? [] : valuesOf(path, entry.objectId),
  );
}

/** An entry shows as an object with `key` and `value`. */
function valuesOf(path: string, objectId: string): Found[] {
  const got = post('Runtime.getProperties', { objectId, ownProperties: true });
  const value = got.result.find(({ name }) => name === 'value')?.value;
  return value === undefined ? [] : [{ path: `${path}[]`, value }];
}

function sample<T>(items: readonly T[]): readonly T[] {
  if (items.length <= 2 * SAMPLE) return items;
  return [...items.slice(0, SAMPLE), ...items.slice(-SAMPLE)];
}

/** A handle of the debugger's for an object of ours. */
function remote(node: Node): Runtime.RemoteObject {
  const box = globalThis as { lookedInto?: Node };
  box.lookedInto = node;
  const expression = 'globalThis.lookedInto';
  const { result } = post('Runtime.evaluate', { expression, objectGroup: GROUP });
  delete box.lookedInto;
  return result;
}

interface Answers {
  'Runtime.evaluate': Runtime.EvaluateReturnType;
  /** Private fields are told since Node 12; the types leave them out. */
  'Runtime.getProperties': Runtime.GetPropertiesReturnType & {
    readonly privateProperties?: readonly Pick<Runtime.PropertyDescriptor, 'name' | 'value'>[];
  };
  'Runtime.releaseObjectGroup': undefined;
}

/** Calls into the own thread answer before they return. */
function post<M extends keyof Answers>(method: M, parameters: object): Answers[M] {
  if (session === undefined) {
    session = new Session();
    session.connect();
  }
  const box: { answer?: Answers[M]; error?: Error | null } = {};
  session.post(method, parameters, (error: Error | null, answer?: object) => {
    box.error = error;
    box.answer = answer as Answers[M];
  });
  if (box.error) throw box.error;
  return box.answer as Answers[M];
}
