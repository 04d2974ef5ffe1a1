/** Questions and answers as text: the zone for those who have no use for octets. */

import { UserError } from '../../base/errors.ts';
import type { MembersDocument } from '../../core/view.ts';
import { LOST_MS, type ZoneSettings } from './hosts.ts';
import { foldCase, nameKey, parseZoneName } from './labels.ts';
import { ANY_DATA, keyText, recordText, Zone, type ZoneRecord } from './zone.ts';

/** A question as text; the type by its name, such as `A`. */
export interface ZoneQuestion {
  readonly name: string;
  readonly type: string;
}

/** What a name server says to it. */
export interface ZoneAnswer {
  readonly rcode: 'NOERROR' | 'NXDOMAIN' | 'REFUSED';
  readonly answers: readonly ZoneRecord[];
  /** The SOA record when there are no answers. */
  readonly authority: readonly ZoneRecord[];
}

/** Settings of {@link zone}; what is left out is as with `flotilla up`. */
export type ZoneOptions = Pick<ZoneSettings, 'name'> & Partial<ZoneSettings>;

/**
 * What the name server would say to a question, when these are the members: a pure function, for
 * those who serve names in their own way. Throws `dns-zone-not-a-name` for a name that is none.
 */
export function zone(
  view: MembersDocument,
  question: ZoneQuestion,
  { name, lostMs = LOST_MS, unproven = false }: ZoneOptions,
): ZoneAnswer {
  const parsed = parseZoneName(name);
  if (parsed === undefined) {
    throw new UserError(
      'dns-zone-not-a-name',
      `${JSON.stringify(name)} is no domain that machines can have names in.`,
      'It is made of letters, digits and hyphens between dots, such as home.internal.',
    );
  }
  const compiled = new Zone({ name: parsed, lostMs, unproven });
  compiled.update(view);
  return ask(compiled, question);
}

/** The answer of a zone that is at hand. */
export function ask(zoneAsked: Zone, { name, type }: ZoneQuestion): ZoneAnswer {
  const absolute = name.endsWith('.') ? name.slice(0, -1) : name;
  const key = nameKey(absolute);
  const found = key === undefined ? undefined : zoneAsked.find(key);
  if (key === undefined || (found === undefined && !zoneAsked.covers(key))) {
    return { rcode: 'REFUSED', answers: [], authority: [] };
  }
  const wanted = type.toUpperCase();
  const data =
    found === undefined || wanted !== 'ANY'
      ? (found?.records.filter((one) => one.type === wanted) ?? [])
      : [ANY_DATA];
  const answers = data.map((one) => recordText(foldCase(absolute), one));
  const apexName = keyText(found?.apex ?? zoneAsked.apex);
  const authority = answers.length > 0 ? [] : [recordText(apexName, zoneAsked.soa())];
  return { rcode: found === undefined ? 'NXDOMAIN' : 'NOERROR', answers, authority };
}
