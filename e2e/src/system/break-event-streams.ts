import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { natsOptions } from '@kith/event-delivery';
import { connect } from 'nats';
import pg from 'pg';
import type { SystemForTest } from './start-system-for-test.ts';

// Streams are in NATS; with EVENT_BUS=in-process in a database of their own, which the one process has to itself.

const isInProcess = () => process.env.EVENT_BUS === 'in-process';

/** All streams and positions are gone, and `meanwhile` is done, before anybody can look. */
export async function loseStreams(system: SystemForTest, meanwhile: () => Promise<void>): Promise<void> {
  if (isInProcess()) {
    await withoutTheProcess(system, async (events) => {
      await events.query('DROP SCHEMA event_bus CASCADE');
      await meanwhile();
    });
    return;
  }
  await system.nats.kill();
  await rm(join(system.kithData, 'nats', 'jetstream'), { recursive: true, force: true });
  await meanwhile();
  await system.nats.start();
}

/** Lays a message into the stream of its subject, past whoever publishes. */
export async function putIntoStream(system: SystemForTest, subject: string, payload: string): Promise<void> {
  if (isInProcess()) {
    const stream = subject.split('.')[0]!.toUpperCase();
    await withoutTheProcess(system, async (events) => {
      const { rowCount } = await events.query(
        `WITH placed AS (UPDATE event_bus.stream SET last_sequence = last_sequence + 1 WHERE name = $1
                         RETURNING name, last_sequence)
         INSERT INTO event_bus.message (stream, sequence, subject, message_id, headers, payload)
         SELECT name, last_sequence, $2, '', '{}', $3 FROM placed`,
        [stream, subject, payload],
      );
      if (rowCount !== 1) throw new Error(`There is no stream ${stream}.`);
    });
    return;
  }
  const nats = await connect(natsOptions(system.natsUrl));
  nats.publish(subject, payload);
  await nats.flush();
  await nats.close();
}

/** Kills all of Kith, works on the database of the bus, and starts all of it again. */
async function withoutTheProcess(system: SystemForTest, work: (events: pg.Client) => Promise<void>): Promise<void> {
  await system.user.kill();
  const url = new URL(system.userDatabaseUrl);
  url.pathname = '/kith_events';
  const events = new pg.Client({ connectionString: url.href });
  await events.connect();
  try {
    await work(events);
  } finally {
    await events.end();
    await system.user.start();
  }
}
