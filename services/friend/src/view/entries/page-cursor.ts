import { type ListOrder, memberOf } from './sort-keys.ts';

/** A cursor that was not given out for this order of a friend list. The client is at fault: BAD_USER_INPUT. */
export class BadPageCursor extends Error {
  readonly code = 'BAD_USER_INPUT';
  constructor() {
    super('Not a cursor of this list in this order: pass one that a page in the same order gave out, or none.');
    this.name = 'BadPageCursor';
  }
}

const MAX_CURSOR_CHARACTERS = 1024;
const MARK = { NAME: 'n', NEWEST: 't' } as const;
const SHAPE = { NAME: /^n([01][^\p{Cc}]*)\0([^\p{Cc}]{1,64})$/u, NEWEST: /^t(\d{17})\0([^\p{Cc}]{1,64})$/u } as const;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A friend's place in an order, for clients to hand back. It stays valid when the friend moves or leaves. */
export function writeCursor(order: ListOrder, member: string): string {
  return Buffer.from(MARK[order] + member, 'utf8').toString('base64url');
}

/** The member a cursor stands for. It comes from outside: anything that `writeCursor` cannot have written is refused. */
export function readCursor(order: ListOrder, cursor: string): string {
  if (cursor.length > MAX_CURSOR_CHARACTERS || !/^[\w-]+$/.test(cursor)) throw new BadPageCursor();
  const found = SHAPE[order].exec(textOf(cursor));
  if (!found) throw new BadPageCursor();
  const [, sortKey = '', userId = ''] = found;
  return memberOf(sortKey, userId);
}

function textOf(cursor: string): string {
  try {
    return utf8.decode(Buffer.from(cursor, 'base64url'));
  } catch {
    throw new BadPageCursor();
  }
}
