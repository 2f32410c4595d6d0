import type pg from 'pg';
import type { DurableSubscription } from '../broker/broker.ts';
import { DurableTaken, mayConsume } from '../broker/durable-taken.ts';
import type { Log } from '../observe/log.ts';

// What is there stays where it stood, and whose it was.
const LOAD = `
  INSERT INTO event_bus.consumer AS known (stream, durable, service, since, acked_through)
  SELECT $1, $2, $3, $5::timestamptz, CASE WHEN $4 = 'all' THEN 0
    WHEN $4 = 'now' THEN coalesce((SELECT last_sequence FROM event_bus.stream WHERE name = $1), 0)
    ELSE coalesce((SELECT max(sequence) FROM event_bus.message WHERE stream = $1 AND stored_at < $5::timestamptz), 0) END
  ON CONFLICT (stream, durable) DO UPDATE
    SET service = CASE WHEN known.service IS NULL OR known.service = $6 THEN coalesce($3, known.service) ELSE known.service END
  RETURNING acked_through, acked_above, service`;

const WRITE = 'UPDATE event_bus.consumer SET acked_through = $3, acked_above = $4 WHERE stream = $1 AND durable = $2';

export type Acknowledged = ReturnType<typeof writesAcknowledged>;

/**
 * Write-behind of what a durable has acknowledged: all through one sequence, and some above it; many acknowledgements in
 * one statement. What is not written yet comes again after a crash.
 */
export function writesAcknowledged(options: {
  readonly pool: pg.Pool;
  readonly log: Log;
  readonly stream: string;
  readonly durable: string;
  /** All up to here was given out and is not in flight any more. */
  readonly through: () => number;
}) {
  const { pool, log, stream, durable, through } = options;
  /** Above the lowest that is not. */
  const acked = new Set<number>();
  let dirty = false;
  let writing: Promise<void> = Promise.resolve();

  async function write(): Promise<void> {
    if (!dirty) return;
    dirty = false;
    const lowest = through();
    for (const sequence of acked) if (sequence <= lowest) acked.delete(sequence);
    try {
      await pool.query(WRITE, [stream, durable, lowest, [...acked]]);
    } catch (error) {
      // Written with the next acknowledgement; until then a crash would only deliver again.
      dirty = true;
      log.warn({ durable, error: String(error) }, 'the bus could not write down what is acknowledged');
    }
  }

  const writeSoon = () => {
    writing = writing.then(write);
  };
  return {
    /**
     * Resolves to the sequence through which all was acknowledged before; of a new durable, to the one before its start.
     *
     * @throws {DurableTaken} when it is another service's
     */
    async load(subscription: DurableSubscription): Promise<number> {
      const { service, takesOverFrom, startAt = 'all' } = subscription;
      const how = startAt instanceof Date ? 'since' : startAt;
      const since = startAt === 'now' ? new Date() : startAt instanceof Date ? startAt : null;
      const values = [stream, durable, service ?? null, how, since?.toISOString() ?? null, takesOverFrom ?? null];
      const { rows } = await pool.query(LOAD, values);
      const by = rows[0].service ?? undefined;
      if (!mayConsume(by, { service })) throw new DurableTaken({ stream, durable, by, service });
      for (const sequence of rows[0].acked_above) acked.add(Number(sequence));
      return Number(rows[0].acked_through);
    },
    has: (sequence: number) => acked.has(sequence),
    add(sequence: number): void {
      acked.add(sequence);
      dirty = true;
      writeSoon();
    },
    /** What could not be written the last time. */
    tryAgain(): void {
      if (dirty) writeSoon();
    },
    written: () => writing,
    flushed: async () => {
      await writing;
      await write();
    },
  };
}
