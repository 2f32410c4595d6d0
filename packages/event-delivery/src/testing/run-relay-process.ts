import { SHOP_STREAM } from '../contract-tests/shop-events.ts';
import { connectJetStream } from '../jetstream/jetstream-broker.ts';
import { startRelay } from '../outbox/relay/relay.ts';
import { openPool } from './open-pool.ts';

/**
 * A relay in a process of its own, to be killed and frozen by a test: DATABASE_URL, NATS_URL. Says "ready" once its
 * stream is there, and the number of events at each publication.
 */
const log = { debug() {}, info() {}, warn() {}, error() {} };
const pool = openPool({ connectionString: process.env.DATABASE_URL });
const broker = await connectJetStream({ servers: process.env.NATS_URL!, name: 'relay', log });
await broker.declareStream(SHOP_STREAM);
startRelay({
  pool,
  broker,
  source: 'shop/test',
  log,
  onPublished: (count) => process.stdout.write(`published ${count}\n`),
});
process.stdout.write('ready\n');
