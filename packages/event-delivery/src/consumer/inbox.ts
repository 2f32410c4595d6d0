import type { SqlConnection } from '../postgres/sql-connection.ts';

/**
 * Inbox (idempotent consumer; idempotent receiver, Hohpe & Woolf): says whether this consumer meets the event for the
 * first time, and remembers it in the caller's transaction: when the effect rolls back, so does the memory of it. Call
 * it first, and do nothing on false. Two deliveries at once: the second waits for the first's transaction and then gets
 * its answer.
 */
export async function firstTime(sql: SqlConnection, consumer: string, eventId: string): Promise<boolean> {
  const { rows } = await sql.query(
    'INSERT INTO inbox (consumer, event_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING event_id',
    [consumer, eventId],
  );
  return rows.length === 1;
}
