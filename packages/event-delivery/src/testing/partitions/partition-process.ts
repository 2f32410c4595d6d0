import { consume } from '../../consumer/consume.ts';
import { handleOnce } from '../../consumer/handle-once.ts';
import { defineConsumer } from '../../consumer/try/consumer-definition.ts';
import { counted, SHOP_STREAM } from '../../contract-tests/shop-events.ts';
import { connectJetStream } from '../../jetstream/jetstream-broker.ts';
import { openPool } from '../open-pool.ts';

/**
 * One consumer process: NAME, DATABASE_URL, NATS_URL, PARTITIONS, and WHEN_POISONED. Sent `apply` it has what differs
 * made as configured, and answers what became of it.
 */
const { NAME = '', DATABASE_URL, NATS_URL = '', PARTITIONS, WHEN_POISONED } = process.env;
const silent = () => undefined;
const log = { debug: silent, info: silent, warn: silent, error: silent };
const pool = openPool({ connectionString: DATABASE_URL, max: 4 });
const partitions = Number(PARTITIONS);
const broker = await connectJetStream({ servers: NATS_URL, name: NAME, log, streams: { partitions } });
const effect = handleOnce<{ id: string; ownerId: string; revision: number }>(pool, 'applier', async (event, sql) => {
  await sql.query('INSERT INTO applied (owner_id, revision, process) VALUES ($1, $2, $3)', [
    event.ownerId,
    event.revision,
    NAME,
  ]);
});
const consumer = await consume(
  defineConsumer({
    stream: SHOP_STREAM,
    durable: 'applier',
    contracts: [counted],
    whenPoisoned: WHEN_POISONED === 'hold' ? 'hold' : 'pass',
    handle: (event, signal) => effect(event, signal),
  }),
  { broker, log, service: 'shop/test' },
);
process.on('message', async (asked) => {
  if (asked === 'apply') process.send?.(await broker.applySettings?.());
});
process.on('SIGTERM', async () => {
  await consumer.stop();
  await broker.close();
  await pool.end();
  process.disconnect?.();
});
process.send?.('started');
