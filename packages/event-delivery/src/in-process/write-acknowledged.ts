import type pg from 'pg';
import type { Log } from '../observe/log.ts';

const LOAD = `
  INSERT INTO event_bus.consumer (stream, durable) VALUES ($1, $2)
  ON CONFLICT (stream, durable) DO UPDATE SET durable = $2 RETURNING acked_through, acked_above`;

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
  /** All up to here was given out and is not in hand any more. */
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
    /** Resolves to the sequence through which all was acknowledged before. */
    async load(): Promise<number> {
      const { rows } = await pool.query(LOAD, [stream, durable]);
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
