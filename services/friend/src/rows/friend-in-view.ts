import { type FriendData, friendSchema } from '@kith/event-contracts';

const FIELDS = Object.keys(friendSchema.shape) as (keyof FriendData)[];

/** A column in the database's own words: `avatarUrl` is `avatar_url`. */
const columnOf = (field: string) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** An instant as `toISOString` writes it. */
export const isoOf = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** A select list over `friend` and the friend's profile: the friend as views keep it, field by field in their order. */
export const FRIEND_AS_IN_VIEW = FIELDS.map((field) => {
  const column = columnOf(field);
  return `${field === 'since' ? isoOf(column) : column} AS "${field}"`;
}).join(', ');
