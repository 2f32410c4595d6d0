/**
 * Where in a list's history a reader stands. Opaque to clients: version, timeline, owner and revision, base64url.
 * The timeline changes when the database is restored from a backup, so that a cursor from the lost future is told from
 * one of ours. Not signed: with a made-up revision a client only asks for another part of its own list.
 */
export interface ListCursor {
  readonly timeline: string;
  readonly ownerId: string;
  readonly revision: number;
  /** false inside a snapshot: who resumes from it has not got the whole list, and starts over. */
  readonly complete: boolean;
}

const VERSION = '1';
const LONGEST = 256;

export function writeListCursor({ timeline, ownerId, revision, complete }: ListCursor): string {
  return Buffer.from([VERSION, timeline, ownerId, revision, complete ? 'c' : 'p'].join(':')).toString('base64url');
}

/** undefined for anything that this service has not written. */
export function readListCursor(cursor: string): ListCursor | undefined {
  if (cursor.length > LONGEST) return undefined;
  const text = Buffer.from(cursor, 'base64url').toString();
  const match = /^1:([0-9a-f-]{36}):([0-9a-f-]{36}):(0|[1-9]\d{0,14}):([cp])$/.exec(text);
  if (!match) return undefined;
  const [, timeline = '', ownerId = '', revision, end] = match;
  return { timeline, ownerId, revision: Number(revision), complete: end === 'c' };
}
