import { invariant, KithError } from '@kith/service-kit';
import { z } from 'zod';

/**
 * Keyset pagination: where a page ended, as the sort key of its last row, which the next page begins after, whatever
 * has come or gone.
 */
export interface Keyset<Key extends readonly unknown[]> {
  write(key: Key): string;
  /** null for none; KithError BAD_USER_INPUT with field `after` for what this list has not given out. */
  read(cursor: string | null | undefined): Key | null;
}

const LONGEST = 256;

/** @param list tells the cursors of one kind of list from another’s, so that none is taken for one of its own */
export function keyset<Key extends readonly unknown[]>(list: string, key: z.ZodType<Key>): Keyset<Key> {
  return {
    write: (values) => Buffer.from(JSON.stringify([list, ...values])).toString('base64url'),
    read(cursor) {
      if (cursor == null) return null;
      try {
        if (cursor.length > LONGEST) throw new RangeError('longer than any');
        const [of, ...values] = z.array(z.unknown()).parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
        return key.parse(of === list ? values : undefined);
      } catch {
        throw new KithError('BAD_USER_INPUT', 'after is not a cursor of this list: pass one that a page gave out.', {
          field: 'after',
        });
      }
    },
  };
}

export interface Page<Node> {
  readonly edges: readonly { readonly cursor: string; readonly node: Node }[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}

/** A page of `first` from rows that were read one further, to see whether there are more. */
export function pageOf<Row, Node>(
  rows: readonly Row[],
  { first, after }: { first: number; after: unknown },
  edge: (row: Row) => { cursor: string; node: Node },
): Page<Node> {
  invariant(rows.length <= first + 1, 'a page is read at most one row further than it is long (S20)', () => ({
    ...{ first, rows: rows.length },
  }));
  return { edges: rows.slice(0, first).map(edge), hasNextPage: rows.length > first, hasPreviousPage: after !== null };
}
