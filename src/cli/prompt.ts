/** Asks for a secret at the terminal, without showing what is typed. */

import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { UserError } from '../base/errors.ts';

/** The line typed. Throws `UserError` interrupted on Ctrl-C or the end of the input. */
export function askSecret(
  question: string,
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
): Promise<string> {
  // The line editor writes what is typed; it goes nowhere.
  const nowhere = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  const lines = createInterface({ input, output: nowhere, terminal: true, historySize: 0 });
  output.write(question);
  return new Promise((settle, fail) => {
    const interrupted = (): void => {
      fail(new UserError('interrupted', 'Nothing was done.', ''));
      lines.close();
    };
    lines.once('SIGINT', interrupted);
    lines.once('close', interrupted);
    lines.once('line', (line) => {
      settle(line);
      lines.close();
    });
  }).then(
    (line) => {
      output.write('\n');
      return line as string;
    },
    (error: unknown) => {
      output.write('\n');
      throw error;
    },
  );
}
