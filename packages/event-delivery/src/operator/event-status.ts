import type pg from 'pg';
import type { BrokerStatus, EventBroker } from '../broker.ts';
import { listDeadLetters } from '../settle-dead-letters.ts';

export interface EventStatus {
  readonly source: string;
  readonly connected: boolean;
  readonly outbox: { readonly unpublished: number; readonly oldestAgeMs: number };
  readonly streams: BrokerStatus['streams'];
  /** `dead`: letters that wait for the operator. */
  readonly consumers: readonly (BrokerStatus['consumers'][number] & { readonly dead: number })[];
  /** Of every consumer, those that are gone included. */
  readonly dead: { readonly total: number; readonly byReason: Readonly<Record<string, number>> };
}

const OUTBOX = `
  SELECT count(*)::int AS unpublished, coalesce(extract(epoch FROM now() - min(occurred_at)) * 1000, 0)::float8 AS age
  FROM outbox WHERE published_at IS NULL`;

/** What an operator looks at first. While the broker is away its part is empty, and `connected` false. */
export async function readEventStatus(options: {
  pool: pg.Pool;
  broker: EventBroker;
  source: string;
}): Promise<EventStatus> {
  const { pool, broker, source } = options;
  const [{ rows }, status, letters] = await Promise.all([
    pool.query(OUTBOX),
    broker.connected ? broker.status() : { streams: [], consumers: [] },
    broker.connected ? listDeadLetters(broker) : [],
  ]);
  const deadOf = countBy(letters.map(({ consumer }) => consumer));
  return {
    source,
    connected: broker.connected,
    outbox: { unpublished: rows[0].unpublished, oldestAgeMs: Math.round(rows[0].age) },
    streams: status.streams,
    consumers: status.consumers.map((consumer) => ({ ...consumer, dead: deadOf[consumer.durable] ?? 0 })),
    dead: { total: letters.length, byReason: countBy(letters.map(({ reason }) => reason)) },
  };
}

function countBy(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
