/** What came of a call to a node of protocol 1, in words that follow the node's name. */

import type { V1Why } from '../../v1/commands.ts';

const WORDS: Readonly<Record<V1Why, string>> = {
  'time-out': 'it does not answer in time',
  refused: 'nobody listens there',
  unreachable: 'there is no way there',
  certificate: 'it shows another certificate than before: see `flotilla v1 trust`',
  malformed: 'it answers something that is not the protocol; is it HTTPS, or another program?',
  other: 'the connection broke',
  'not-callable': 'nothing is known to call it with',
  'credentials-withheld':
    'the password is not sent there, because it was not seen at that address lately',
  'credentials-refused': 'it does not take the user name and the password',
  'code-refused': 'it refuses the code: it knows another secret, or its clock is far off',
  'not-registered': 'it does not know this node',
  'answer-unknown': 'it answers something that is not the protocol; is the path right?',
  orphan: 'nobody is left to ask where it is',
  'not-found': 'nobody who was asked knows where it is',
  removed: 'it was removed',
};

/** The words for it. */
export function v1Words(why: V1Why): string {
  return WORDS[why];
}
