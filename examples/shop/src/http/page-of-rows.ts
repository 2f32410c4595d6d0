import { z } from 'zod';
import { id } from './read-fields.ts';

const LIMIT = { most: 100, unlessTold: 20 };

/** Keyset pagination: `?limit=20&after=<the last id of the page before>`. Newest first. */
export const pageQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^\d{1,3}$/, { error: `must be a whole number from 1 to ${LIMIT.most}` })
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= LIMIT.most, { error: `must be a whole number from 1 to ${LIMIT.most}` })
    .default(LIMIT.unlessTold),
  after: id.optional(),
});
export type PageQuery = z.output<typeof pageQuery>;

/** Below every UUID that is asked for without `after`. */
const FIRST = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** For `… WHERE id < $1 ORDER BY id DESC LIMIT $2`: one row more than is shown tells whether there is a next page. */
export const pageValues = ({ limit, after = FIRST }: PageQuery): [string, number] => [after, limit + 1];

export function pageOf<Item extends { readonly id: string }>(items: readonly Item[], { limit }: PageQuery) {
  const shown = items.slice(0, limit);
  return { items: shown, next: items.length > limit ? (shown.at(-1)?.id ?? null) : null };
}
