import type { FriendDetails } from '../domain/relationship-state.ts';

/** The columns of `friend` other than the two ids: named as the fields are, with their types. */
const TYPES = {
  remark: 'text',
  pinned: 'boolean',
  tags: 'text[]',
  since: 'timestamptz',
} as const satisfies Record<keyof FriendDetails, string>;

const FIELDS = Object.keys(TYPES) as (keyof FriendDetails)[];
/** What can change while they are friends. */
const CHANGEABLE = FIELDS.filter((field) => field !== 'since');

/** As an outer join brings it: all null where the two are not friends. */
export type DetailsRow = { readonly [Field in keyof FriendDetails]: FriendDetails[Field] | null };

export const DETAIL_COLUMNS = FIELDS.join(', ');
export const CHANGEABLE_COLUMNS = CHANGEABLE.join(', ');
/** `SET` of an upsert. */
export const SET_CHANGEABLE = CHANGEABLE.map((field) => `${field} = excluded.${field}`).join(', ');
/** The columns with their types: a column definition list, as `jsonb_to_recordset` wants it. */
export const DETAIL_DEFINITIONS = FIELDS.map((field) => `${field} ${TYPES[field]}`).join(', ');

/** A select list: `viewers.remark AS viewers_remark, …`, to tell the rows of two who have each other apart. */
export function detailColumnsOf(table: string, prefix = ''): string {
  return FIELDS.map((field) => `${table}.${field} AS ${prefix}${field}`).join(', ');
}

/** Null for a row of an outer join that found no friend. */
export function detailsOf(row: object, prefix = ''): FriendDetails | null {
  const read = row as Readonly<Record<string, unknown>>;
  if (read[`${prefix}since`] == null) return null;
  // Once for each friend of a list that is loaded: no arrays in between.
  const details: Record<string, unknown> = {};
  for (const field of FIELDS) details[field] = read[prefix === '' ? field : prefix + field];
  return details as typeof details & FriendDetails;
}

/** One parameter for each changeable column, in their order. */
export function changeableValues(details: FriendDetails, value: (of: unknown, type: string) => string): string {
  return CHANGEABLE.map((field) => value(details[field], TYPES[field])).join(', ');
}

/** The same for every column. */
export function detailValues(details: FriendDetails, value: (of: unknown, type: string) => string): string {
  return FIELDS.map((field) => value(details[field], TYPES[field])).join(', ');
}
