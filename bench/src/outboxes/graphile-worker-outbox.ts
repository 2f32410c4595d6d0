import { Logger, run, runMigrations } from 'graphile-worker';
import { exampleData } from './example-event.ts';
import type { EventToPublish, Outbox } from './outbox.ts';

const AT_ONCE = 32;
const logger = new Logger(() => () => undefined);

/** https://worker.graphile.org: a job for each event, enqueued in its transaction, set up for throughput. */
export const graphileWorkerOutbox: Outbox = {
  name: 'graphile-worker',
  prepare: ({ databaseUrl }) => runMigrations({ connectionString: databaseUrl, logger }),
  append: (client, { eventId, ownerId, data }) =>
    client.query("SELECT graphile_worker.add_job('publish', $1::json)", [JSON.stringify({ eventId, ownerId, data })]),
  fill: (client, count) =>
    client.query(
      `SELECT count(graphile_worker.add_job('publish', json_build_object(
         'eventId', gen_random_uuid(), 'ownerId', 'owner-' || n % 1000, 'data', $2::json)))
       FROM generate_series(1, $1::int) AS n`,
      [count, JSON.stringify(exampleData)],
    ),
  start: ({ databaseUrl, publish, onPublished }) =>
    run({
      preset: {
        worker: {
          connectionString: databaseUrl,
          concurrentJobs: AT_ONCE,
          maxPoolSize: AT_ONCE + 2,
          localQueue: { size: 500 },
          completeJobBatchDelay: 0,
        },
      },
      logger,
      noHandleSignals: true,
      taskList: {
        async publish(payload) {
          const event = payload as EventToPublish;
          await publish(event);
          onPublished([event.eventId]);
        },
      },
    }),
};
