import type { PostgresPair } from '@kith/local-servers';
import pg from 'pg';

/** What a primary says of its standby. */
export interface SeenPair {
  /** The standby receives the log. */
  readonly streams: boolean;
  /** Commits are to wait for it. */
  readonly wanted: boolean;
  /** They do. */
  readonly synchronous: boolean;
  /** Places in the write-ahead log: what the standby has on disk, and what the primary has written. */
  readonly flushed: string | null;
  readonly written: string;
}

/** https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-REPLICATION-VIEW */
const SEEN = `
  SELECT coalesce(bool_or(state = 'streaming'), false) AS streams,
         coalesce(bool_or(sync_state IN ('sync', 'quorum')), false) AS synchronous,
         current_setting('synchronous_standby_names') <> '' AS wanted,
         max(flush_lsn)::text AS flushed,
         pg_current_wal_insert_lsn()::text AS written
    FROM pg_stat_replication WHERE application_name = $1`;

/** Rejects when the primary does not answer in time. */
export async function lookAtPair({ primary, standby }: PostgresPair, withinMs = 3_000): Promise<SeenPair> {
  const client = new pg.Client({
    connectionString: primary.url('postgres'),
    connectionTimeoutMillis: withinMs,
    query_timeout: withinMs,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<SeenPair>(SEEN, [standby.name]);
    return rows[0] as SeenPair;
  } finally {
    // A server that hangs does not say goodbye.
    void client.end().catch(() => undefined);
  }
}

/** Whether one place in the log is before another: two hexadecimal numbers, the higher half first. */
export function isBefore(place: string, other: string): boolean {
  return numberOf(place) < numberOf(other);
}

function numberOf(place: string): bigint {
  const [high = '0', low = '0'] = place.split('/');
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}
