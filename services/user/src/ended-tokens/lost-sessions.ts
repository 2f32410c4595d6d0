import { NO_ID, type TokensEnded } from '@kith/event-contracts';
import type { SqlConnection } from '@kith/event-delivery';
import type pg from 'pg';
import { tokensLiveUntil } from './tokens-live-until.ts';

// Ids rise with time: any session above the newest one from before the restore was made after it.
const NEWEST_BEFORE = 'SELECT id FROM session WHERE id <= $1 ORDER BY id DESC LIMIT 1';
const KNOWN = 'SELECT id FROM session WHERE id > $1 AND id <= $2 ORDER BY id LIMIT 10000';
const WRITE = `
  INSERT INTO lost_sessions (above, through, but, at) VALUES ($1, $2, $3, $4) ON CONFLICT (above, through) DO NOTHING`;
// Deletes them long after the last of their tokens has expired.
const FORGET = "DELETE FROM lost_sessions WHERE at < now() - interval '30 days'";
const SINCE = { name: 'lost-sessions-since', text: 'SELECT above, through, but, at FROM lost_sessions WHERE at > $1' };

interface LostRow {
  readonly above: string;
  readonly through: string;
  readonly but: string[];
  readonly at: Date;
}

/**
 * Records the sessions that a restored database has lost. There is no list of them, so they are a range of ids, from
 * the newest remaining session before `goodAt` to now, without the ids that exist. Resolves to what token verifiers
 * must be told.
 */
export async function writeLostSessions(
  sql: SqlConnection,
  { goodAt, now, tokenTtlS }: { goodAt: Date; now: Date; tokenTtlS: number },
): Promise<TokensEnded> {
  const { rows: newest } = await sql.query<{ id: string }>(NEWEST_BEFORE, [lastIdOf(goodAt)]);
  const above = newest[0]?.id ?? NO_ID;
  const through = lastIdOf(now);
  const { rows } = await sql.query<{ id: string }>(KNOWN, [above, through]);
  const lost = { above, through, but: rows.map(({ id }) => id), at: now };
  await sql.query(WRITE, [lost.above, lost.through, lost.but, lost.at]);
  await sql.query(FORGET);
  return tokensOf(lost, tokenTtlS);
}

export async function lostSessionsSince(pool: pg.Pool, since: Date, tokenTtlS: number): Promise<TokensEnded[]> {
  const { rows } = await pool.query<LostRow>({ ...SINCE, values: [since] });
  return rows.map((row) => tokensOf(row, tokenTtlS));
}

function tokensOf({ above, through, but, at }: LostRow, tokenTtlS: number): TokensEnded {
  return { ids: [NO_ID], until: tokensLiveUntil(at, tokenTtlS), sessions: { above, through, but } };
}

/** The greatest UUIDv7 of that millisecond (https://www.rfc-editor.org/rfc/rfc9562#section-5.7). */
function lastIdOf(moment: Date): string {
  const ms = moment.getTime().toString(16).padStart(12, '0');
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7fff-bfff-ffffffffffff`;
}
