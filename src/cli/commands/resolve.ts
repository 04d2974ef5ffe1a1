/** `flotilla resolve`: the address of a member, alone, for scripts. */

import type { ResolvedDocument } from '../../services/api/answers.ts';
import { memberWord, say, writeJson, writeLine, type Call } from '../command.ts';
import { EXIT, UsageError } from '../exit.ts';
import { IPV4, IPV6, WITH_PORT } from '../flags.ts';

/** Prints nothing on standard output that cannot be called. */
export async function run(call: Call): Promise<number> {
  const { settings, world } = call;
  const wanted = familyWanted(settings.on(IPV4), settings.on(IPV6));
  const query = { name: memberWord(call) };
  const found = await world.connect(call.stateFolder).ask('GET /v2/resolve', { query });
  const complete = found.address !== null || (found.ip !== null && !settings.on(WITH_PORT));
  const usable = complete && (wanted === undefined || wanted === found.family) ? found : undefined;
  if (call.json) writeJson(call, usable ?? withoutAddress(found));
  if (usable === undefined) {
    say(call, whyNot(found, wanted));
    // Who left is nobody's name any more, and is not coming back.
    return found.state === 'left' ? EXIT.unknownName : EXIT.notReachable;
  }
  if (usable.warning !== undefined) say(call, `warning: ${usable.warning}`);
  if (!call.json) writeLine(call, (settings.on(WITH_PORT) ? usable.address : usable.ip) ?? '');
  return EXIT.done;
}

function familyWanted(ipv4: boolean, ipv6: boolean): 4 | 6 | undefined {
  if (ipv4 && ipv6) {
    throw new UsageError('flags-contradict', 'Of -4 and -6 only one can be meant.', '');
  }
  if (ipv4) return 4;
  return ipv6 ? 6 : undefined;
}

function withoutAddress(found: ResolvedDocument): ResolvedDocument {
  const lastAddress = found.lastAddress ?? found.address;
  return { ...found, address: null, ip: null, port: null, family: null, lastAddress };
}

function whyNot(found: ResolvedDocument, wanted?: 4 | 6): string {
  const { id, name, state, address, ip, family, lastAddress } = found;
  const place = address ?? ip;
  if (place !== null && wanted !== undefined && wanted !== family) {
    return `${name} has no IPv${String(wanted)} address that is known here; it is at ${place}`;
  }
  if (place !== null) return `${name} only calls this node; nobody knows a port where it serves`;
  if (state === 'left') return `${name} has left the cluster`;
  if (state === 'self') return `nobody has seen this node yet, so that it has no address to tell`;
  if (lastAddress === null) return `no address of ${name} is known yet`;
  if (state === 'lost') return `${name} is lost; it was last at ${lastAddress}`;
  if (id.startsWith('v1:')) {
    const why = `${name} speaks protocol 1 over plain HTTP, so that nobody can prove where it is`;
    return `${why}; it says ${lastAddress} (\`up --v1-unproven\` lets resolve print that)`;
  }
  return `nobody has proven an address of ${name} yet; it may be at ${lastAddress}`;
}
