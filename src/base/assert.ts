/**
 * A rule of our own code is broken. Never thrown for what a peer or an operator did: the process
 * ends, because a state that should not exist cannot be trusted with anybody's addresses.
 */
export class InvariantError extends Error {
  override readonly name: string = 'InvariantError';
}

/** Throws an {@link InvariantError} unless `condition` holds. Stays on in production. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/**
 * Closes a `switch` over a union: a new member of the union becomes a compile error here, and a
 * value that slipped past the compiler an {@link InvariantError}. The value itself is not quoted,
 * since it may hold secrets.
 */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable: a value of type ${typeof value} was not handled`);
}
