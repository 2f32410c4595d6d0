import {
  createReplicationFullConcurrencyController,
  DatabaseSetup,
  getDisabledLogger,
  initializeMessageStorage,
  initializeReplicationMessageListener,
} from 'pg-transactional-outbox';
import { exampleData } from './example-event.ts';
import type { Outbox } from './outbox.ts';

const TABLE = 'peer_outbox';
const SETUP = {
  outboxOrInbox: 'outbox',
  database: 'postgres',
  schema: 'public',
  table: TABLE,
  listenerRole: 'postgres',
  publication: 'peer_publication',
  replicationSlot: 'peer_slot',
} as const;
const SETTINGS = {
  dbSchema: SETUP.schema,
  dbTable: TABLE,
  dbPublication: SETUP.publication,
  dbReplicationSlot: SETUP.replicationSlot,
  // Without these it is faster.
  enableMaxAttemptsProtection: false,
  enablePoisonousMessageProtection: false,
};
const store = initializeMessageStorage({ settings: SETTINGS, outboxOrInbox: 'outbox' }, getDisabledLogger());

/** https://www.npmjs.com/package/pg-transactional-outbox over logical replication, its faster way, with no order kept. */
export const pgTransactionalOutbox: Outbox = {
  name: 'pg-transactional-outbox',
  async prepare({ pool }) {
    await pool.query(DatabaseSetup.dropAndCreateTable(SETUP));
    await pool.query(DatabaseSetup.setupReplicationCore(SETUP));
    await pool.query(`SELECT pg_create_logical_replication_slot('${SETUP.replicationSlot}', 'pgoutput')`);
  },
  append: (client, { eventId, ownerId, data }) =>
    store(
      { id: eventId, aggregateType: 'list', aggregateId: ownerId, messageType: 'changed', payload: data },
      client as Parameters<typeof store>[1],
    ),
  fill: (client, count) =>
    client.query(
      `INSERT INTO ${TABLE} (id, aggregate_type, aggregate_id, message_type, payload)
       SELECT gen_random_uuid(), 'list', 'owner-' || n % 1000, 'changed', $2 FROM generate_series(1, $1::int) AS n`,
      [count, JSON.stringify(exampleData)],
    ),
  async start({ databaseUrl, publish, onPublished }) {
    const [stop] = initializeReplicationMessageListener(
      { outboxOrInbox: 'outbox', dbListenerConfig: { connectionString: databaseUrl }, settings: SETTINGS },
      {
        async handle({ id, aggregateId, payload }) {
          await publish({ eventId: id, ownerId: aggregateId, data: payload });
          onPublished([id]);
        },
      },
      getDisabledLogger(),
      { concurrencyStrategy: createReplicationFullConcurrencyController() },
    );
    return { stop };
  },
};
