import type { SqlConnection } from '@kith/event-delivery';

/** A line of an edge list as two people. */
export type StagedPair = readonly [line: number, oneId: string, otherId: string];

const FORGET = 'DELETE FROM bulk_import.pair';

const STAGE = `
  INSERT INTO bulk_import.pair (import_id, line, one, other)
  SELECT $1, * FROM unnest($2::bigint[], $3::uuid[], $4::uuid[]) ON CONFLICT DO NOTHING`;

/** Forgets what imports before this one have left. */
export async function beginStaging(sql: SqlConnection): Promise<void> {
  await sql.query(FORGET);
}

/** Staging table: keeps pairs until the import has all of them. Idempotent by their lines. */
export async function stagePairs(sql: SqlConnection, importId: string, pairs: readonly StagedPair[]): Promise<void> {
  await sql.query(STAGE, [importId, ...[0, 1, 2].map((column) => pairs.map((pair) => pair[column]))]);
}

const STRANGERS = `
  SELECT person FROM (
    SELECT one AS person FROM bulk_import.pair WHERE import_id = $1
    UNION SELECT other FROM bulk_import.pair WHERE import_id = $1) AS people
  LEFT JOIN profile ON user_id = person WHERE user_id IS NULL`;

/** Those in the pairs of whom there is no copy here. */
export async function strangersIn(sql: SqlConnection, importId: string): Promise<string[]> {
  const { rows } = await sql.query<{ person: string }>(STRANGERS, [importId]);
  return rows.map(({ person }) => person);
}
