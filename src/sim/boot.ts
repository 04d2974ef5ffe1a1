/**
 * How a virtual machine starts its node: reads the disk as a real one would, founds or goes on.
 */

import { assert } from '../base/assert.ts';
import { DEFAULTS, type Settings } from '../core/config.ts';
import { EMPTY_BOOK, readBook, readCluster } from '../core/documents.ts';
import type { StoredBook, StoredCluster } from '../core/documents.ts';
import type { Library } from '../core/library.ts';
import { Node } from '../core/node.ts';
import type { Identity } from '../crypto/identity.ts';
import type { Suite } from '../crypto/suite.ts';
import type { Boot } from './subject.ts';

/** Whether this is the cluster as values, as the disks of large worlds keep it. */
function isKept(document: unknown): document is StoredCluster {
  const acts: unknown = (document as { acts?: readonly unknown[] } | undefined)?.acts?.[0];
  return acts instanceof Uint8Array;
}

/**
 * Makes the real machine from what a disk holds. Nodes that are given one library share what they
 * read of the same values.
 */
export function bootNode(
  suite: Suite,
  identity: Identity,
  settings: Settings = DEFAULTS,
  library?: Library,
): Boot {
  return (birth) => {
    const cluster = isKept(birth.cluster) ? birth.cluster : readCluster(birth.cluster);
    assert(cluster !== undefined, 'a machine was started without a cluster on its disk');
    const kept = isKept(birth.cluster) ? (birth.book as StoredBook | undefined) : undefined;
    const book = kept ?? readBook(birth.book) ?? EMPTY_BOOK;
    const shared = library === undefined ? {} : { library };
    return new Node({ suite, identity, cluster, book, settings, seed: birth.seed, ...shared });
  };
}
