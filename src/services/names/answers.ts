/**
 * Ready-made answers: made when a name is asked for first, kept until something changes under that
 * name. A query costs a look-up and a copy.
 */

import { keyOctets } from './labels.ts';
import { HEADER, keyAsked, prepare, readQuery, writeAnswer, writeFault } from './packet.ts';
import type { Carriage, Query } from './packet.ts';
import { Ready, type Span } from './ready.ts';
import { CLASS_IN, RCODE, recordOctets, TYPE, type RecordData } from './rr.ts';
import { ANY_DATA, type Name, type Zone } from './zone.ts';

/** What was asked since the start, by how it ended. */
export interface Counters {
  /** Messages of any kind. */
  queries: number;
  /** With the records asked for. */
  answered: number;
  /** The name exists, but not with this type. */
  noData: number;
  nxDomain: number;
  refused: number;
  /** Malformed, or with an operation or version that is not known. */
  faults: number;
  /** No questions at all: answered by silence. */
  dropped: number;
  /** Passed on to the upstream. */
  forwarded: number;
  /** Not answered, since the client's network asked too much. */
  limited: number;
}

/** Nothing asked yet. */
export function noQueries(): Counters {
  const names = ['queries', 'answered', 'noData', 'nxDomain', 'refused', 'faults'] as const;
  const others = ['dropped', 'forwarded', 'limited'] as const;
  return Object.fromEntries([...names, ...others].map((name) => [name, 0])) as unknown as Counters;
}

/** What leaves at once; undefined: nothing does; `outside`: somebody else's question. */
export type Reply = Buffer | undefined | 'outside';

/** `BADVERS` (RFC 6891 §6.1.3), four bits of it in the OPT record. */
const BAD_VERSION = 16;

const REFUSED = bare(RCODE.refused);
const WRONG_VERSION = bare(BAD_VERSION);
const WRONG_TYPE = bare(RCODE.formErr);

/** Types that no question may have, since they tell of the message itself. */
const NO_QUESTIONS: ReadonlySet<number> = new Set([TYPE.OPT, TYPE.TKEY, TYPE.TSIG]);
/** The whole zone is not given out. */
const TRANSFERS: ReadonlySet<number> = new Set([TYPE.AXFR, TYPE.IXFR]);

/** Types whose answers are kept, that there are none included: those that programs ask for. */
const KEPT: readonly number[] = [TYPE.A, TYPE.AAAA, TYPE.TXT, TYPE.PTR, TYPE.SRV, TYPE.HTTPS];

/** Stands for what changes with each serial number: that a name has nothing of a type. */
const NOTHING = new Uint8Array(0);

/** The answers of a zone. */
export class Answers {
  readonly #zone: Zone;
  readonly #counters: Counters;
  /** What was asked for once, of names that are in the zone. */
  readonly #ready = new Ready();
  readonly #any: Span;
  #noData = bare(RCODE.ok);
  #noDataApart = bare(RCODE.ok);
  #nxDomain = bare(RCODE.ok);

  constructor(zone: Zone, counters: Counters) {
    this.#zone = zone;
    this.#counters = counters;
    this.#any = whole(positive([ANY_DATA]));
  }

  /** The zone changed under these names. */
  refresh(touched: ReadonlySet<string> | readonly string[]): void {
    for (const key of touched) this.#ready.drop(keyOctets(key), KEPT);
    const soa = this.#zone.soa();
    const authority = recordOctets(soa, this.#zone.apex);
    this.#noData = negative(RCODE.ok, authority);
    this.#nxDomain = negative(RCODE.nxDomain, authority);
    this.#noDataApart = negative(RCODE.ok, recordOctets(soa));
  }

  /** The answer to a message. Never throws. */
  reply(message: Buffer, carriage: Carriage): Reply {
    this.#counters.queries += 1;
    const query = readQuery(message);
    if (query.type === 'query') {
      const prepared = this.#answerTo(message, query);
      return prepared === 'outside' ? prepared : writeAnswer(message, query, prepared, carriage);
    }
    if (query.type === 'drop') {
      this.#counters.dropped += 1;
      return undefined;
    }
    this.#counters.faults += 1;
    return writeFault(message, query.rcode);
  }

  /** Says that a question from outside the zone is not answered. */
  refuse(message: Buffer, carriage: Carriage): Buffer | undefined {
    const query = readQuery(message);
    this.#counters.refused += 1;
    return query.type === 'query' ? writeAnswer(message, query, REFUSED, carriage) : undefined;
  }

  #answerTo(message: Buffer, query: Query): Span | 'outside' {
    const { nameEnd, qtype, qclass, edns } = query;
    if (edns !== undefined && edns.version > 0) return this.#fault(WRONG_VERSION);
    if (qclass === CLASS_IN) {
      const ready = this.#ready.find(message, HEADER, nameEnd, qtype);
      if (ready !== undefined) return this.#counted(ready, this.#noData);
    }
    const key = keyAsked(message, query);
    const name = this.#zone.find(key);
    if (name === undefined && !this.#zone.covers(key)) return 'outside';
    if (NO_QUESTIONS.has(qtype)) return this.#fault(WRONG_TYPE);
    if (qclass !== CLASS_IN || TRANSFERS.has(qtype)) {
      this.#counters.refused += 1;
      return REFUSED;
    }
    if (name === undefined) {
      this.#counters.nxDomain += 1;
      return this.#nxDomain;
    }
    if (qtype === TYPE.ANY) return this.#counted(this.#any, this.#noData);
    return this.#make(message, query, key, name);
  }

  #make(message: Buffer, { nameEnd, qtype }: Query, key: string, { records, apex }: Name): Span {
    const wanted = records.filter(({ type }) => TYPE[type] === qtype);
    const made = wanted.length > 0 ? positive(wanted) : NOTHING;
    const isApex = key === this.#zone.apex;
    const isApart = apex === key && !isApex;
    // The zone's own answers hold the serial number, and a reverse name has a zone to itself.
    const isKept = KEPT.includes(qtype) && !isApex && (made !== NOTHING || !isApart);
    if (isKept) this.#ready.keep(message, HEADER, nameEnd, qtype, made);
    return this.#counted(whole(made), isApart ? this.#noDataApart : this.#noData);
  }

  #counted(prepared: Span, noData: Span): Span {
    if (prepared.from < prepared.to) {
      this.#counters.answered += 1;
      return prepared;
    }
    this.#counters.noData += 1;
    return noData;
  }

  #fault(prepared: Span): Span {
    this.#counters.faults += 1;
    return prepared;
  }
}

function positive(records: readonly RecordData[]): Uint8Array {
  const octets = Buffer.concat(records.map((record) => recordOctets(record)));
  return prepare({
    ...{ rcode: RCODE.ok, authoritative: true },
    ...{ answers: records.length, authority: 0, octets },
  });
}

function negative(rcode: number, authority: Uint8Array): Span {
  const [answers, octets] = [0, authority];
  return whole(prepare({ rcode, authoritative: true, answers, authority: 1, octets }));
}

function bare(rcode: number): Span {
  const octets = new Uint8Array(0);
  return whole(prepare({ rcode, authoritative: false, answers: 0, authority: 0, octets }));
}

function whole(octets: Uint8Array): Span {
  return { octets, from: 0, to: octets.length };
}
