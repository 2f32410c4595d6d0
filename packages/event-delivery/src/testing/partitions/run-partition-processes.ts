import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type NatsServer, startNats } from '@kith/local-servers';
import type pg from 'pg';
import type { EventBroker } from '../../broker/broker.ts';
import type { AppliedSetting } from '../../broker/stream-settings.ts';
import { collectLog } from '../../contract-tests/collect-log.ts';
import { counted, SHOP_STREAM } from '../../contract-tests/shop-events.ts';
import { connectJetStream } from '../../jetstream/jetstream-broker.ts';
import { appendToOutbox } from '../../outbox/append-to-outbox.ts';
import { draftEvent } from '../../outbox/draft-event.ts';
import { type Relay, startRelay } from '../../outbox/relay/relay.ts';
import { createEventDatabase } from '../create-event-database.ts';

const MOST_AHEAD = 60;
const PROGRAM = fileURLToPath(new URL('./partition-process.ts', import.meta.url));

export type World = Awaited<ReturnType<typeof createWorld>>;

/** A service that publishes, and processes that consume what it publishes, over a private nats-server. */
export async function createWorld({ whenPoisoned = 'pass' }: { whenPoisoned?: 'pass' | 'hold' } = {}) {
  const [database, nats] = await Promise.all([createEventDatabase(), startNats()]);
  // No unique index: applied twice has to show.
  await database.pool.query('CREATE TABLE applied (place bigserial, owner_id text, revision int, process text)');
  const env = { DATABASE_URL: database.url, NATS_URL: nats.url, WHEN_POISONED: whenPoisoned };
  const processes: ChildProcess[] = [];
  const writers: ReturnType<typeof writeAllTheTime>[] = [];
  const publishers: { relay: Relay; broker: EventBroker }[] = [];

  return {
    pool: database.pool,
    nats,
    /** Publishes as configured, beside those that were started before. */
    async publisher(partitions: number): Promise<EventBroker> {
      const broker = await connectPublisher(nats, partitions);
      publishers.push({
        broker,
        relay: startRelay({ pool: database.pool, broker, source: 'shop/test', log: collectLog() }),
      });
      return broker;
    },
    async consumer(name: string, partitions: number) {
      const child = fork(PROGRAM, {
        env: { ...process.env, ...env, NAME: name, PARTITIONS: String(partitions) },
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      });
      processes.push(child);
      await once(child, 'message');
      return {
        kill: () => ended(child, 'SIGKILL'),
        stop: () => ended(child, 'SIGTERM'),
        async apply(): Promise<AppliedSetting[]> {
          child.send('apply');
          const [applied] = (await once(child, 'message')) as [AppliedSetting[]];
          return applied;
        },
        /** Dies while it applies. */
        async dieApplying(afterMs: number): Promise<void> {
          child.send('apply');
          await sleep(afterMs);
          await ended(child, 'SIGKILL');
        },
      };
    },
    write(owners: number) {
      const writer = writeAllTheTime(database.pool, owners);
      writers.push(writer);
      return writer;
    },
    async applied(): Promise<readonly { owner: string; revision: number; process: string }[]> {
      const { rows } = await database.pool.query(
        'SELECT owner_id AS owner, revision, process FROM applied ORDER BY place',
      );
      return rows;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(writers.map((writer) => writer.stop()));
      await Promise.all(processes.map((child) => ended(child, 'SIGKILL')));
      for (const { relay, broker } of publishers) await relay.stop().then(() => broker.close());
      await Promise.all([database.drop(), nats.stop()]);
    },
  };
}

async function connectPublisher(nats: NatsServer, partitions: number): Promise<EventBroker> {
  const broker = await connectJetStream({
    servers: nats.url,
    name: 'publisher',
    log: collectLog(),
    streams: { partitions },
  });
  await broker.declareStream(SHOP_STREAM);
  return broker;
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}

/**
 * Each owner's events one after the other, never far ahead of the consumers: they have to catch up on a busy machine too.
 */
function writeAllTheTime(pool: pg.Pool, owners: number) {
  let stopping = false;
  const written = new Map<string, number>();
  let applied = 0;
  const total = () => [...written.values()].reduce((sum, count) => sum + count, 0);
  const looking = (async () => {
    while (!stopping) {
      const { rows } = await pool.query('SELECT count(*)::int AS applied FROM applied');
      applied = rows[0].applied;
      await sleep(100);
    }
  })();
  const writing = Array.from({ length: owners }, async (_, n) => {
    for (let revision = 1; !stopping; revision += 1) {
      while (!stopping && total() - applied > MOST_AHEAD) await sleep(50);
      if (stopping) return;
      const event = {
        eventId: randomUUID(),
        ownerId: `owner-${n}`,
        revision,
        occurredAt: new Date(),
        data: { n: revision },
      };
      await appendToOutbox(pool, [draftEvent(counted, event)]);
      written.set(event.ownerId, revision);
      await sleep(60);
    }
  });
  return {
    /** Resolves to how many events there are of each owner. */
    async stop(): Promise<ReadonlyMap<string, number>> {
      stopping = true;
      await Promise.all([looking, ...writing]);
      return written;
    },
  };
}
