/**
 * An operator's mistake or a fault of the machine that an operator can mend: what went wrong
 * (`message`), a stable kebab-case `code`, and what to do about it (`hint`).
 */
export class UserError extends Error {
  override readonly name: string = 'UserError';
  /** Stable kebab-case name of this kind of error, such as `port-taken`; scripts match on it. */
  readonly code: string;
  /** One sentence that says what to do; empty when there is nothing to do. */
  readonly hint: string;

  constructor(code: string, message: string, hint: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.hint = hint;
  }
}
