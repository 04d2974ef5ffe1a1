/** The `NODE_OPTIONS` under which a Node process cannot read the machine's own addresses (R1). */
export const noInterfacesOption = `--import ${new URL('no-interfaces.mjs', import.meta.url).href}`;

/**
 * The environment for a daemon or command that a test starts: this process's own, without what
 * would steer the daemon (`FLOTILLA_…`), under the R1 preload, then `extra` on top. An `extra`
 * with `NODE_OPTIONS` of its own adds to the preload and does not replace it.
 */
export function daemonEnv(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !name.startsWith('FLOTILLA_')) env[name] = value;
  }
  Object.assign(env, extra);
  const own = extra['NODE_OPTIONS'];
  env['NODE_OPTIONS'] = own === undefined ? noInterfacesOption : `${noInterfacesOption} ${own}`;
  return env;
}
