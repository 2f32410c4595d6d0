import type pg from 'pg';
import type { BrokerStatus, EventBroker, StoredMessage } from '../broker/broker.ts';
import { readHeaderPrefix } from '../broker/header-prefix.ts';
import { PublishFailed } from '../broker/publish-failed.ts';
import type { StreamName } from '../envelope/stream-name.ts';
import type { Log } from '../observe/log.ts';
import { announceInProcess } from './announce-in-process.ts';
import { createDurable, type Durable } from './deliver-durably.ts';
import { holdTheBus } from './hold-the-bus.ts';
import { createMessageStore } from './message-store.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
const EXPIRE_EVERY_MS = 60 * 60 * 1_000;

export interface InProcessOptions {
  /** Of a database that belongs to the bus alone; its tables are made in the schema `event_bus`. */
  readonly pool: pg.Pool;
  readonly log: Log;
  readonly keepForMs?: number;
  /** What the headers of event delivery's own begin with (default `Kith`). */
  readonly headerPrefix?: string;
}

/**
 * The broker without a broker: one process runs every service, streams and positions are in Postgres, deliveries and
 * announcements stay in the process. A crash loses nothing: what was not acknowledged is delivered by the next process.
 * Throws BusIsTaken when another process runs it on this database,
 * BadHeaderPrefix.
 */
export async function startInProcessBroker(options: InProcessOptions): Promise<EventBroker> {
  const { pool, log } = options;
  const headerPrefix = readHeaderPrefix(options.headerPrefix);
  const lock = await holdTheBus(pool, log);
  const store = createMessageStore(pool);
  await store.open().catch((error) => {
    // Whoever tries again must not find the bus taken by itself.
    lock.release();
    throw error;
  });
  const durables = new Map<string, { stream: string; durable: Durable }>();
  const announcements = announceInProcess(log);
  let closed = false;

  const expiry = setInterval(() => {
    store.expire(options.keepForMs ?? 7 * DAY_MS).catch((error) => {
      log.warn({ error: String(error) }, 'old messages could not be removed; the next round tries again');
    });
  }, EXPIRE_EVERY_MS);
  expiry.unref();

  function durableOf(stream: StreamName, name: string): Durable {
    const key = `${stream.name} ${name}`;
    const known = durables.get(key);
    if (known) return known.durable;
    const durable = createDurable({ pool, store, log, stream: stream.name, durable: name });
    durables.set(key, { stream: stream.name, durable });
    return durable;
  }

  return {
    get connected() {
      return !closed && lock.held();
    },
    headerPrefix,
    declareStream: (stream) => store.declareStream(stream),
    async publish(messages) {
      if (closed || !lock.held()) {
        return messages.map(() => ({ error: new PublishFailed('NOT_CONNECTED', 'The bus has no Postgres.') }));
      }
      try {
        const results = await store.append(messages);
        messages.forEach((message, at) => {
          const result = results[at];
          if (result && 'sequence' in result && !result.duplicate) announcements.published(message);
        });
        return results;
      } catch (error) {
        const failed = new PublishFailed('NO_ACK', `Postgres did not store it: ${String(error)}`);
        return messages.map(() => ({ error: failed }));
      } finally {
        for (const { durable } of durables.values()) durable.wake();
      }
    },
    subscribe: (subscription) => durableOf(subscription.stream, subscription.durable).subscribe(subscription),
    stored: (stream, what): AsyncIterable<StoredMessage> => store.stored(stream.name, what?.subject, what?.after),
    deleteStored: (stream, sequence) => store.delete(stream.name, sequence),
    status: () => readStatus(pool, durables),
    announce: announcements.announce,
    listen: announcements.listen,
    // Announcements never leave the process: there is no connection to lose.
    onReconnect: () => ({ stop: async () => undefined }),
    async close() {
      closed = true;
      clearInterval(expiry);
      await Promise.all([...durables.values()].map(({ durable }) => durable.flushed()));
      lock.release();
    },
  };
}

async function readStatus(
  pool: pg.Pool,
  durables: ReadonlyMap<string, { stream: string; durable: Durable }>,
): Promise<BrokerStatus> {
  const { rows: streams } = await pool.query(
    `SELECT name, created_at::text, last_sequence, coalesce(min(sequence), last_sequence + 1) AS first_sequence,
       count(sequence) AS messages, coalesce(sum(octet_length(payload)), 0) AS bytes
     FROM event_bus.stream LEFT JOIN event_bus.message ON message.stream = name GROUP BY name ORDER BY name`,
  );
  const { rows: consumers } = await pool.query(
    'SELECT stream, durable, acked_through, service, since FROM event_bus.consumer ORDER BY stream, durable',
  );
  const lastOf = new Map(streams.map((row) => [row.name as string, Number(row.last_sequence)]));
  return {
    streams: streams.map((row) => ({
      name: row.name,
      messages: Number(row.messages),
      bytes: Number(row.bytes),
      createdAt: row.created_at,
      firstSequence: Number(row.first_sequence),
      lastSequence: Number(row.last_sequence),
    })),
    consumers: consumers.map((row) => {
      const running = durables.get(`${row.stream} ${row.durable}`);
      const last = lastOf.get(row.stream) ?? 0;
      const waiting = { lag: Math.max(0, last - Number(row.acked_through)), unacked: 0, redelivered: 0 };
      const ackedThrough = Number(row.acked_through);
      const about = { ackedThrough, service: row.service ?? undefined, since: row.since ?? undefined };
      return { stream: row.stream, durable: row.durable, ...(running?.durable.status(last) ?? waiting), ...about };
    }),
  };
}
