/**
 * How a simulation can fail: `crash`, an exception out of a machine; `safety`, something happened
 * that must never; `liveness`, something did not happen that must. Told apart by exit codes.
 */
export type FailureKind = 'crash' | 'safety' | 'liveness';

/** Ends a simulation. The message names the node and the rule. */
export class Failure extends Error {
  override readonly name: string = 'Failure';
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.kind = kind;
  }
}
