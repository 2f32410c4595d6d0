import type { EventBroker } from '../../broker/broker.ts';
import { consume } from '../../consumer/consume.ts';
import { handleOnce } from '../../consumer/handle-once.ts';
import { defineConsumer } from '../../consumer/try/consumer-definition.ts';
import { counted, SHOP_STREAM } from '../../contract-tests/shop-events.ts';
import { connectJetStream } from '../../jetstream/jetstream-broker.ts';
import { startRelay } from '../../outbox/relay/relay.ts';
import { openPool } from '../open-pool.ts';

/**
 * One process of the fault suite: ROLE (relay or consumer), DATABASE_URL, NATS_URL. CRASH=point:n kills it with SIGKILL
 * when it passes that point for the n-th time; the points are those of `CrashPoint`.
 */
export type CrashPoint = 'before-publish' | 'after-ack' | 'marks-sent' | 'before-effect' | 'in-effect' | 'after-effect';

const { ROLE, DATABASE_URL, NATS_URL = '', CRASH = '' } = process.env;
const [crashAt, nth] = CRASH.split(':');
let passed = 0;

function pass(point: CrashPoint): void {
  if (point !== crashAt) return;
  passed += 1;
  if (passed === Number(nth)) process.kill(process.pid, 'SIGKILL');
}

const silent = () => undefined;
const log = { debug: silent, info: silent, warn: silent, error: silent };
const pool = openPool({ connectionString: DATABASE_URL, max: 4, connectionTimeoutMillis: 3_000 });
const broker = await connectJetStream({ servers: NATS_URL, name: ROLE ?? '', log });

async function untilItWorks(work: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await work();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

if (ROLE === 'relay') {
  await untilItWorks(() => broker.declareStream(SHOP_STREAM));
  const crashing: EventBroker = {
    ...broker,
    get connected() {
      return broker.connected;
    },
    async publish(messages) {
      pass('before-publish');
      const results = await broker.publish(messages);
      pass('after-ack');
      return results;
    },
  };
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    const passing = (...args: unknown[]) => {
      const answer = query(...args);
      if (String(args[0]).includes('EXECUTE kith_mark_published')) pass('marks-sent');
      return answer;
    };
    Object.assign(client, { query: passing });
  });
  startRelay({ pool, broker: crashing, source: 'shop/test', log });
} else {
  const effect = handleOnce<{ id: string; ownerId: string; revision: number }>(pool, 'applier', async (event, sql) => {
    await sql.query('INSERT INTO applied (owner_id, revision) VALUES ($1, $2)', [event.ownerId, event.revision]);
    pass('in-effect');
  });
  const consumer = defineConsumer({
    stream: SHOP_STREAM,
    durable: 'applier',
    contracts: [counted],
    whenPoisoned: 'hold',
    retry: { firstMs: 20, mostMs: 500 },
    async handle(event) {
      pass('before-effect');
      await effect(event);
      pass('after-effect');
    },
  });
  await untilItWorks(() => consume(consumer, { broker, log }));
}
