/** The TCP side of a machine: who knocks, and what comes back. */
import { concat, type Bytes } from '../../../src/base/bytes.ts';
import type { NodeId, NodeName } from '../../../src/base/id.ts';
import { minutes, wallTime, type Duration } from '../../../src/base/time.ts';
import type { Effect, LinkId } from '../../../src/core/io.ts';
import { Admission, joinRequest, type AdmissionStep } from '../../../src/core/founding.ts';
import type { Identity } from '../../../src/crypto/identity.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { FrameReader } from '../../../src/wire/frame-reader.ts';
import { decodeToken, inviteKeyOf, knockTag, type Token } from '../../../src/wire/token.ts';
import type { Machine } from './machine.ts';
import { at } from './wire.ts';

let links = 0;

/** A token of this machine, as its operator would be given it. */
export function invite(machine: Machine, expires: Duration = minutes(15), uses = 1): Token {
  const reply = machine.command({ type: 'invite', at: [], uses, expires });
  const token = reply?.type === 'invited' ? decodeToken(nodeSuite, reply.token) : undefined;
  if (token === undefined || typeof token === 'string') throw new Error('no invite was made');
  return token;
}

/** The tag that a ClientHello of this token's holder names. */
export function tagOf(machine: Machine, token: Token): Bytes {
  const { public: key } = inviteKeyOf(nodeSuite, token.secret);
  return knockTag(nodeSuite, key, machine.wire.random.bytes(10));
}

type LinkEffect = Extract<Effect, { readonly link: LinkId }>;

/** What the machine did with a link so far. */
export function doneWith(machine: Machine, link: LinkId): LinkEffect[] {
  return machine.asked.filter(
    (effect): effect is LinkEffect => 'link' in effect && effect.link === link,
  );
}

/** Knocks with this tag; the link's number. */
export function knock(machine: Machine, tag: Bytes | undefined): LinkId {
  links += 1;
  machine.input({ type: 'knock', link: links, tag, from: at('99.1.1.1', 50_000) });
  machine.wire.run(50);
  return links;
}

/** Joins from knock to answer, as the runtime does; TLS proved the key of `proven`. */
export function join(
  machine: Machine,
  token: Token,
  identity: Identity,
  name: string,
  proven: NodeId = identity.id,
): AdmissionStep {
  const link = knock(machine, tagOf(machine, token));
  machine.input({ type: 'link-open', link, peer: proven });
  const [body] = bodies(joinRequest(nodeSuite, identity, token, name as NodeName));
  machine.input({ type: 'link-frame', link, body: body ?? new Uint8Array(0) });
  machine.wire.run(50);
  const sent = doneWith(machine, link).flatMap((effect) =>
    effect.type === 'link-send' ? [effect.bytes] : [],
  );
  const admission = new Admission(nodeSuite, identity, token, machine.address, wallTime(0));
  let step: AdmissionStep = { type: 'more' };
  for (const frame of bodies(concat(...sent))) step = admission.push(frame);
  return step;
}

function bodies(stream: Bytes): Bytes[] {
  const reader = new FrameReader();
  reader.push(stream);
  const all: Bytes[] = [];
  for (let body = reader.next(); body !== undefined; body = reader.next()) all.push(body);
  return all;
}
