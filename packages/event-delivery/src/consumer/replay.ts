import type pg from 'pg';
import type { EnvelopeOf } from '../envelope/envelope.ts';
import { type Contracts, contractsIn, type EventContract } from '../envelope/event-contract.ts';
import { readNamed } from './settle/read-named.ts';

const PORTION = 500;

const KEPT = `
  SELECT position::text, envelope FROM inbox
  WHERE consumer = $1 AND envelope IS NOT NULL AND position > $2 AND ($3::text IS NULL OR envelope::jsonb ->> 'subject' = $3)
    AND ($4::timestamptz IS NULL OR handled_at >= $4) AND ($5::timestamptz IS NULL OR handled_at < $5)
  ORDER BY position LIMIT ${PORTION}`;

export interface ReplayOptions<Contract extends EventContract> {
  readonly pool: pg.Pool;
  /** Whose inbox: one that keeps envelopes. */
  readonly consumer: string;
  /** What is replayed; events of other types are passed over. */
  readonly contracts: Contracts<Contract>;
  readonly ownerId?: string | undefined;
  /** Handled at or after. */
  readonly since?: Date | undefined;
  /** Handled before. */
  readonly until?: Date | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Replay from a service's own table: hands what its inbox has kept to `handle`, one after the other, in the order in which
 * it was handled, lifted to the newest versions: to build a read model anew, or another one. The inbox is not asked and
 * not changed, and the broker is not needed. Resolves to how many were handed over; rejects with what `handle` threw, or
 * with UnreadableEvent for one that cannot be read.
 */
export async function replay<Contract extends EventContract>(
  options: ReplayOptions<Contract>,
  handle: (event: EnvelopeOf<Contract>) => Promise<void>,
): Promise<number> {
  const { pool, consumer, ownerId, since, until, signal } = options;
  const wanted = contractsIn(options.contracts);
  let handed = 0;
  for (let after = '0'; ; ) {
    const values = [consumer, after, ownerId ?? null, since?.toISOString() ?? null, until?.toISOString() ?? null];
    const { rows } = await pool.query<{ position: string; envelope: string }>(KEPT, values);
    for (const { position, envelope } of rows) {
      signal?.throwIfAborted();
      const event = readNamed(envelope, wanted);
      if (event) {
        await handle(event);
        handed += 1;
      }
      after = position;
    }
    if (rows.length < PORTION) return handed;
  }
}
