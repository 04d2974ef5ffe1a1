/** The path of an endpoint, as an operator types it. */

import { UserError } from '../../base/errors.ts';
import { DEFAULT_PATH, PATH_MAX } from '../../v1/config.ts';

/** The path of an endpoint, as it stands in a request; throws `UserError` v1-path-invalid. */
export function checkPath(path: string): string {
  if (path.length <= PATH_MAX && /^\/[\w./~!$&'()*+,;=:@%-]*$/.test(path)) return path;
  throw new UserError(
    'v1-path-invalid',
    `${JSON.stringify(path.slice(0, PATH_MAX))} is no path of an endpoint.`,
    `Write it as ${DEFAULT_PATH}: a slash first, no white space, no ? and no #.`,
  );
}
