/** What an original hears when ours calls: the bytes of a recorded client, and what follows. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codeAt } from './originals.ts';
import { startOurs, type Ours } from './ours.ts';
import { startRecorder, type Recorder } from './raw.ts';

const { requests, answers } = JSON.parse(
  readFileSync(new URL('samples/client-requests.json', import.meta.url), 'utf8'),
) as { readonly requests: Record<string, string>; readonly answers: Record<string, string> };

async function registered(
  further: Readonly<Record<string, string>> = {},
): Promise<{ readonly ours: Ours; readonly peer: Recorder }> {
  const peer = await startRecorder({ ...answers, ...further });
  const ours = await startOurs({ name: 'attic', beat: false });
  await ours.add('pi', '127.0.0.1', peer.port);
  await ours.command({ type: 'register', name: 'pi', login: undefined });
  expect(ours.peer('pi')?.registeredOut).toBe(true);
  return { ours, peer };
}

describe('ours sends, byte for byte, what a recorded client sent', () => {
  it('when it registers', async () => {
    const { peer } = await registered();
    expect(forgetMoment(peer.requests.all[0] ?? '')).toBe(forgetMoment(requests['c'] ?? ''));
  });

  it('when it beats before anybody told where it is seen', async () => {
    const { ours, peer } = await registered({
      c: answers['c']?.replace('127.0.0.1:50000', '') ?? '',
      h: 'nowhere',
    });
    await ours.command({ type: 'heartbeat', name: 'pi' });
    expect(forgetMoment(peer.requests.all[1] ?? '')).toBe(forgetMoment(requests['h'] ?? ''));
  });

  it('when it beats and knows its address', async () => {
    const { ours, peer } = await registered();
    await ours.command({ type: 'heartbeat', name: 'pi' });
    const known = (requests['h'] ?? '')
      .replace('\\u003cnil\\u003e', '127.0.0.1')
      .replace('Content-Length: 63', 'Content-Length: 57');
    expect(forgetMoment(peer.requests.all.at(-1) ?? '')).toBe(forgetMoment(known));
  });

  it('when it asks for a lost node', async () => {
    const { ours, peer } = await registered();
    const gone = await startRecorder(answers);
    await ours.add('gone', '127.0.0.1', gone.port);
    await ours.command({ type: 'register', name: 'gone', login: undefined });
    await gone.close();
    await ours.command({ type: 'beat', on: true });
    const sync = await peer.requests.first((text) => text.includes('opr=s'));
    expect(forgetMoment(sync)).toBe(forgetMoment(requests['s'] ?? ''));
  });
});

describe('the codes that ours sends', () => {
  it('are those of the secret it was given, so that an original takes them', async () => {
    const { ours, peer } = await registered();
    const before = Date.now();
    await ours.command({ type: 'heartbeat', name: 'pi' });
    const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
    const code = /"TOTP":"(\d{6})"/.exec(peer.requests.all.at(-1) ?? '')?.[1];
    expect([codeAt(secret, before), codeAt(secret, Date.now())]).toContain(code);
  });
});

describe('ours keeps a connection', () => {
  it('from one heartbeat to the next, as a recorded client does', async () => {
    const { ours, peer } = await registered();
    for (let n = 0; n < 3; n += 1) await ours.command({ type: 'heartbeat', name: 'pi' });
    expect(peer.connections()).toBe(2);
  });
});

/** Ports and codes are of their moment. */
function forgetMoment(request: string): string {
  return request.replace(/(?<=127\.0\.0\.1:)\d+/g, 'PORT').replace(/"\d{6}"/, '"CODE"');
}
