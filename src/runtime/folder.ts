/** Where a node's state lives when nobody says where. */

import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** What the usual place depends on; tests put their own in. */
export interface Place {
  readonly platform: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** True for the super-user, whose daemons keep their state with the system's. */
  readonly root: boolean;
}

/**
 * The state folder by the platform's custom: `/var/lib/flotilla` for root (FHS 3.0 §5.8), else
 * `$XDG_STATE_HOME/flotilla`, by default `~/.local/state/flotilla` (XDG base directories 0.8); on
 * macOS `~/Library/Application Support/flotilla`; on Windows `%LOCALAPPDATA%\flotilla`.
 */
export function defaultStateFolder(place: Place = thisMachine()): string {
  const { platform, env, home } = place;
  if (platform === 'win32') {
    return join(env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local'), 'flotilla');
  }
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'flotilla');
  if (place.root) return '/var/lib/flotilla';
  const state = env['XDG_STATE_HOME'];
  // The specification says that a relative path is to be ignored.
  const base = state !== undefined && isAbsolute(state) ? state : join(home, '.local', 'state');
  return join(base, 'flotilla');
}

function thisMachine(): Place {
  return {
    platform: process.platform,
    env: process.env,
    home: homedir(),
    root: process.getuid?.() === 0,
  };
}
