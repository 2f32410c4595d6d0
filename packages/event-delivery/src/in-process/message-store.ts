import type pg from 'pg';
import type { StoredMessage } from '../broker/broker.ts';
import { subjectMatches } from '../broker/subject-matches.ts';
import type { StreamName } from '../envelope/stream-name.ts';
import { appendsMessages, type Stream } from './append-messages.ts';
import { BUS_TABLES } from './bus-tables.ts';
import { fromRow, type Row } from './stored-message.ts';

const EXPIRE_PORTION = 5_000;
const READ_PORTION = 1_000;

// A sequence is given out once, even when the row that counts them was lost: a consumer would take it for one it has had.
const DECLARE = `
  INSERT INTO event_bus.stream (name, subjects, keep_forever, last_sequence)
  SELECT $1, $2, $3, greatest($4::bigint,
    (SELECT max(sequence) FROM event_bus.message WHERE stream = $1),
    (SELECT max(acked_through) FROM event_bus.consumer WHERE stream = $1))
  ON CONFLICT (name) DO UPDATE SET subjects = $2, keep_forever = $3 RETURNING last_sequence`;

const READ = `
  SELECT sequence, subject, message_id, headers, payload, stored_at FROM event_bus.message
  WHERE stream = $1 AND sequence > $2 AND ($3::text IS NULL OR subject = $3) ORDER BY sequence LIMIT $4`;

const EXPIRE = `
  DELETE FROM event_bus.message WHERE (stream, sequence) IN (
    SELECT message.stream, sequence FROM event_bus.message JOIN event_bus.stream ON name = message.stream
    WHERE NOT keep_forever AND stored_at < now() - $1 * interval '1 millisecond' LIMIT ${EXPIRE_PORTION})`;

export type MessageStore = ReturnType<typeof createMessageStore>;

/**
 * The streams of the in-process bus in Postgres (append-only log). One process owns them (see hold-the-bus), and appends
 * one after the other: so a sequence is never visible before a lower one, and a reader may ask for "what is above".
 */
export function createMessageStore(pool: pg.Pool) {
  const streams = new Map<string, Stream>();
  return {
    async open(): Promise<void> {
      await pool.query(BUS_TABLES);
      const { rows } = await pool.query('SELECT name, subjects, keep_forever, last_sequence FROM event_bus.stream');
      for (const row of rows) {
        const { name, subjects } = row;
        const config = { name, subjects, ...(row.keep_forever && { keep: 'forever' as const }) };
        streams.set(name, { config, lastSequence: Number(row.last_sequence), tail: [] });
      }
    },

    async declareStream(config: StreamName): Promise<void> {
      const known = streams.get(config.name);
      const values = [config.name, config.subjects, config.keep === 'forever', known?.lastSequence ?? 0];
      const { rows } = await pool.query(DECLARE, values);
      if (known) known.config = config;
      else streams.set(config.name, { config, lastSequence: Number(rows[0].last_sequence), tail: [] });
    },

    append: appendsMessages(pool, streams),

    /** At most `limit` messages above a sequence, in order. */
    async read(stream: string, above: number, limit: number): Promise<StoredMessage[]> {
      const tail = streams.get(stream)?.tail ?? [];
      const [first] = tail;
      // A deleted message leaves the tail too, so a tail that begins at or before the next one is complete from there.
      if (first && first.sequence <= above + 1) return tail.filter(({ sequence }) => sequence > above).slice(0, limit);
      const { rows } = await pool.query<Row>(READ, [stream, above, null, limit]);
      return rows.map(fromRow);
    },

    async *stored(stream: string, pattern?: string, after = 0): AsyncIterable<StoredMessage> {
      const exact = pattern !== undefined && !/[*>]/.test(pattern) ? pattern : null;
      for (let above = after; ; ) {
        const { rows } = await pool.query<Row>(READ, [stream, above, exact, READ_PORTION]);
        for (const row of rows) {
          if (pattern === undefined || subjectMatches(pattern, row.subject)) yield fromRow(row);
        }
        const last = rows.at(-1);
        if (!last || rows.length < READ_PORTION) return;
        above = Number(last.sequence);
      }
    },

    async delete(stream: string, sequence: number): Promise<void> {
      const tail = streams.get(stream)?.tail ?? [];
      const at = tail.findIndex((message) => message.sequence === sequence);
      if (at !== -1) tail.splice(at, 1);
      await pool.query('DELETE FROM event_bus.message WHERE stream = $1 AND sequence = $2', [stream, sequence]);
    },

    /** Removes what is older, in small portions. */
    async expire(olderThanMs: number): Promise<void> {
      for (;;) {
        const { rowCount } = await pool.query(EXPIRE, [olderThanMs]);
        if ((rowCount ?? 0) < EXPIRE_PORTION) return;
      }
    },
  };
}
