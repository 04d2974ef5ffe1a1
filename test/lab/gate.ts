/** Where tests in namespaces run, and where they say aloud why not. */
import { afterAll, beforeAll, describe } from 'vitest';
import { Cluster, type ClusterOptions } from './cluster.ts';
import { labAbility } from './realm.ts';

const ability = labAbility();
const inCi = process.env['CI'] === 'true';
if (!ability.able && !inCi) console.warn(`skipped: network namespaces: ${ability.reason}`);

/**
 * `describe` for tests that need network namespaces. Without them the tests are skipped and the
 * reason is printed; where `CI=true` they fail with it instead.
 */
export function describeInLab(title: string, body: () => void): void {
  describe.skipIf(!ability.able && !inCi)(title, () => {
    beforeAll(() => {
      if (!ability.able) throw new Error(`no network namespaces: ${ability.reason}`);
    });
    body();
  });
}

/** A cluster for all tests of the suite around, ended after them; ask the function for it. */
export function useCluster(options: ClusterOptions): () => Cluster {
  let cluster: Cluster | undefined;
  beforeAll(async () => {
    cluster = await Cluster.start(options);
  });
  afterAll(async () => {
    await cluster?.close();
  });
  return () => {
    if (cluster === undefined) throw new Error('the cluster did not start');
    return cluster;
  };
}
