/**
 * Ready-made answers: made when a name is asked for first, kept until something changes under that
 * name. A query costs a look-up and a copy.
 */

import { readQuery, writeAnswer, writeFault, type Carriage, type Prepared } from './packet.ts';
import type { Query } from './packet.ts';
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

const NO_OCTETS = new Uint8Array(0);
const REFUSED = bare(RCODE.refused);
const WRONG_VERSION = bare(BAD_VERSION);
const WRONG_TYPE = bare(RCODE.formErr);

/** Types that no question may have, since they tell of the message itself. */
const NO_QUESTIONS: ReadonlySet<number> = new Set([TYPE.OPT, TYPE.TKEY, TYPE.TSIG]);
/** The whole zone is not given out. */
const TRANSFERS: ReadonlySet<number> = new Set([TYPE.AXFR, TYPE.IXFR]);

/** Types whose answers are kept, that there are none included: those that programs ask for. */
const KEPT: readonly number[] = [TYPE.A, TYPE.AAAA, TYPE.TXT, TYPE.PTR, TYPE.SRV, TYPE.HTTPS];

/** Stand for what changes with each serial number. */
const NO_DATA = bare(RCODE.ok);
const NO_DATA_APART = bare(RCODE.ok);

/** The answers of a zone. */
export class Answers {
  readonly #zone: Zone;
  readonly #counters: Counters;
  /** By type and name, of what was asked for once; there are no more names than in the zone. */
  readonly #ready = new Map(KEPT.map((type) => [type, new Map<string, Prepared>()]));
  readonly #any: Prepared;
  #noData: Prepared = NO_DATA;
  #noDataApart: Prepared = NO_DATA_APART;
  #nxDomain: Prepared = NO_DATA;

  constructor(zone: Zone, counters: Counters) {
    this.#zone = zone;
    this.#counters = counters;
    this.#any = positive([ANY_DATA]);
  }

  /** The zone changed under these names. */
  refresh(touched: ReadonlySet<string> | readonly string[]): void {
    for (const ready of this.#ready.values()) {
      if (ready.size > 0) for (const key of touched) ready.delete(key);
    }
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
      const prepared = this.#answerTo(query);
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

  #answerTo({ key, qtype, qclass, edns }: Query): Prepared | 'outside' {
    if (edns !== undefined && edns.version > 0) return this.#fault(WRONG_VERSION);
    if (qclass === CLASS_IN) {
      const ready = this.#ready.get(qtype)?.get(key);
      if (ready !== undefined) return this.#counted(ready);
    }
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
    const made = qtype === TYPE.ANY ? this.#any : this.#make(key, name, qtype);
    // The zone's own answers hold the serial number.
    if (key !== this.#zone.apex) this.#ready.get(qtype)?.set(key, made);
    return this.#counted(made);
  }

  #make(key: string, { records, apex }: Name, qtype: number): Prepared {
    const wanted = records.filter(({ type }) => TYPE[type] === qtype);
    if (wanted.length > 0) return positive(wanted);
    return apex === key && key !== this.#zone.apex ? NO_DATA_APART : NO_DATA;
  }

  #counted(prepared: Prepared): Prepared {
    if (prepared.answers > 0) {
      this.#counters.answered += 1;
      return prepared;
    }
    this.#counters.noData += 1;
    return prepared === NO_DATA ? this.#noData : this.#noDataApart;
  }

  #fault(prepared: Prepared): Prepared {
    this.#counters.faults += 1;
    return prepared;
  }
}

function positive(records: readonly RecordData[]): Prepared {
  const [only] = records;
  const octets =
    only !== undefined && records.length === 1
      ? recordOctets(only)
      : Buffer.concat(records.map((record) => recordOctets(record)));
  return { rcode: RCODE.ok, authoritative: true, answers: records.length, authority: 0, octets };
}

function negative(rcode: number, authority: Uint8Array): Prepared {
  return { rcode, authoritative: true, answers: 0, authority: 1, octets: authority };
}

function bare(rcode: number): Prepared {
  return { rcode, authoritative: false, answers: 0, authority: 0, octets: NO_OCTETS };
}
