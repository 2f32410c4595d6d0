/** Where the result of an operation says what its id is, as a server-sent event; not a part of what is answered. */
export const EVENT_ID: unique symbol = Symbol('event id');

const IN_BASE64 = 'base64url:';

/**
 * A cursor as the id of an event: itself, if it is of printable ASCII, which every client sends back as it came. Others
 * could end the line that they stand in, or be another text once they were a header.
 */
export function eventIdOf(cursor: string): string {
  if (/^[\x21-\x7e]+$/.test(cursor) && !cursor.startsWith(IN_BASE64)) return cursor;
  return `${IN_BASE64}${Buffer.from(cursor).toString('base64url')}`;
}

/** The cursor that an id stands for; what is no id of ours is taken as a cursor, which whoever reads cursors refuses. */
export function cursorOfEventId(id: string): string {
  return id.startsWith(IN_BASE64) ? Buffer.from(id.slice(IN_BASE64.length), 'base64url').toString('utf8') : id;
}
