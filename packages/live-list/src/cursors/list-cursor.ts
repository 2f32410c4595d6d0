/**
 * Where in a list's history a reader stands. The timeline changes when the database is restored from a backup, so that a
 * cursor from the lost future is told from one of ours.
 */
export interface ListCursor {
  readonly timeline: string;
  readonly ownerId: string;
  readonly revision: number;
  /** false inside a snapshot: who resumes from it has not got the whole list, and starts over. */
  readonly complete: boolean;
}

/**
 * Writes and reads the cursors of one kind of list. They are opaque to clients: version, kind, timeline, owner and
 * revision, base64url. Not signed: with a made-up revision a client only asks for another part of a list that it may read.
 */
export interface ListCursors {
  write(cursor: ListCursor): string;
  /** undefined for anything that is no cursor of this kind of list. */
  read(cursor: string): ListCursor | undefined;
}

const LONGEST = 512;
const UUID = '[0-9a-f-]{36}';
const REVISION = '(0|[1-9]\\d{0,14})';

/** Cursors that say of which kind of list they are: one owner may have lists of several kinds. */
export function cursorsOfKind(kind: string): ListCursors {
  if (!/^[a-z][a-z0-9-]*$/.test(kind)) throw new RangeError(`"${kind}" is no kind: small letters, digits, dashes.`);
  return cursorsLike(`2:${kind}`, '[\\w-]{1,128}');
}

/** Cursors that name no kind, of before there were several: for the one kind of list of a database, with UUIDs as owners. */
export function cursorsWithoutKind(): ListCursors {
  return cursorsLike('1', UUID);
}

function cursorsLike(head: string, owner: string): ListCursors {
  const form = new RegExp(`^${head}:(${UUID}):(${owner}):${REVISION}:([cp])$`);
  return {
    write({ timeline, ownerId, revision, complete }) {
      return Buffer.from([head, timeline, ownerId, revision, complete ? 'c' : 'p'].join(':')).toString('base64url');
    },
    read(cursor) {
      if (cursor.length > LONGEST) return undefined;
      const match = form.exec(Buffer.from(cursor, 'base64url').toString());
      if (!match) return undefined;
      const [, timeline = '', ownerId = '', revision, end] = match;
      return { timeline, ownerId, revision: Number(revision), complete: end === 'c' };
    },
  };
}
