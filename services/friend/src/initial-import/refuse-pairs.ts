import type { SqlConnection } from '@kith/event-delivery';
import { FriendRuleError } from '../domain/friend-rule-error.ts';
import { cannotBefriendSelf, refuseFullLists } from '../domain/refusals.ts';
import type { FriendLimits } from '../domain/relationship-state.ts';
import { userNotFound } from '../relationships/decide-and-save.ts';

const KNOWN = (person: string) => `EXISTS (SELECT FROM profile WHERE user_id = ${person} AND NOT deleted)`;

const REFUSE_STRANGERS = `
  UPDATE bulk_import.pair SET refused = $2, because = $3
  WHERE import_id = $1 AND NOT (${KNOWN('one')} AND ${KNOWN('other')})`;

const REFUSE_SELF = `
  UPDATE bulk_import.pair SET refused = $2, because = $3 WHERE import_id = $1 AND refused IS NULL AND one = other`;

const OVERFULL = `
  SELECT owner FROM (
    SELECT one AS owner, other AS friend FROM bulk_import.pair WHERE import_id = $1 AND refused IS NULL
    UNION SELECT other, one FROM bulk_import.pair WHERE import_id = $1 AND refused IS NULL) AS sides
  GROUP BY owner HAVING count(*) > $2 LIMIT 1`;

const PAIRS_AFTER = `
  SELECT line, one, other FROM bulk_import.pair
  WHERE import_id = $1 AND refused IS NULL AND line > $2 ORDER BY line LIMIT $3`;

const REFUSE_PAIRS = `
  UPDATE bulk_import.pair AS pair SET refused = $2, because = given.because
  FROM unnest($3::uuid[], $4::uuid[], $5::text[]) AS given (one, other, because)
  WHERE import_id = $1 AND refused IS NULL
    AND least(pair.one, pair.other) = least(given.one, given.other)
    AND greatest(pair.one, pair.other) = greatest(given.one, given.other)`;

const A_PAGE = 20_000;

/**
 * The rules of an operator's import, over all pairs at once, where there is nothing yet: no blocks and no requests. The
 * people must be locked. What is refused is marked with its code and reason, whichever line names the pair.
 */
export async function refusePairs(sql: SqlConnection, importId: string, limits: FriendLimits): Promise<void> {
  const stranger = userNotFound();
  await sql.query(REFUSE_STRANGERS, [importId, stranger.code, stranger.message]);
  const self = cannotBefriendSelf();
  await sql.query(REFUSE_SELF, [importId, self.code, self.message]);
  const { rows } = await sql.query(OVERFULL, [importId, limits.friendsPerList]);
  if (rows.length > 0) await refuseWhatIsTooMuch(sql, importId, limits);
}

/** One after the other as the file has them, for which friends come in time depends on their order. */
async function refuseWhatIsTooMuch(sql: SqlConnection, importId: string, limits: FriendLimits): Promise<void> {
  const friends = new Map<string, Set<string>>();
  const of = (person: string) => {
    const known = friends.get(person) ?? new Set();
    friends.set(person, known);
    return known;
  };
  const refused: { one: string; other: string; because: string }[] = [];
  for (let after = '-1'; ; ) {
    const { rows } = await sql.query<Row>(PAIRS_AFTER, [importId, after, A_PAGE]);
    for (const { one, other } of rows) {
      if (of(one).has(other)) continue;
      try {
        refuseFullLists({ friendCount: of(one).size }, { friendCount: of(other).size }, limits);
        of(one).add(other);
        of(other).add(one);
      } catch (error) {
        if (!(error instanceof FriendRuleError)) throw error;
        refused.push({ one, other, because: error.message });
      }
    }
    const last = rows.at(-1);
    if (!last || rows.length < A_PAGE) break;
    after = last.line;
  }
  const columns = [refused.map(({ one }) => one), refused.map(({ other }) => other)];
  await sql.query(REFUSE_PAIRS, [
    importId,
    'FRIEND_LIMIT_REACHED' satisfies FriendRuleError['code'],
    ...columns,
    refused.map(({ because }) => because),
  ]);
}

interface Row {
  readonly line: string;
  readonly one: string;
  readonly other: string;
}
