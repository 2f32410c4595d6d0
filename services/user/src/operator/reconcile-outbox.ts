import type { ServerResponse } from 'node:http';
import { USER_STREAM } from '@kith/event-contracts';
import { type EventBroker, eventIdOf } from '@kith/event-delivery';
import type { HttpHandler } from '@kith/service-kit';
import type pg from 'pg';

// Streams keep messages for seven days and the outbox rows for thirty: rows this young must be in the stream.
const IN_STREAM_FOR = "interval '6 days'";
// A row may be on its way; longer than that something holds it up.
const PUBLISHED_WITHIN = "interval '10 seconds'";
const BATCH = 2_000;

const STORED = 'CREATE TEMP TABLE stored (event_id text PRIMARY KEY, sequence bigint, subject text) ON COMMIT DROP';
const REMEMBER = `
  INSERT INTO stored SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[]) ON CONFLICT DO NOTHING`;

// What the stream has is read after this moment, so everything published before it must be there.
const EXPECTED = `
  SELECT count(*)::int AS total, now() AS "startedAt" FROM outbox WHERE occurred_at > now() - ${IN_STREAM_FOR}`;

const NOT_IN_STREAM = `
  SELECT owner_id AS owner, revision::int, CASE WHEN published_at IS NULL
    THEN 'waits in the outbox since ' || occurred_at ELSE 'marked as published, but not in the stream' END AS detail
  FROM outbox LEFT JOIN stored ON stored.event_id = outbox.event_id::text
  WHERE stored.event_id IS NULL AND CASE WHEN published_at IS NULL
    THEN occurred_at < $1::timestamptz - ${PUBLISHED_WITHIN}
    ELSE published_at < $1 AND published_at > $1::timestamptz - ${IN_STREAM_FOR} END
  ORDER BY outbox.id`;

const NOT_IN_OUTBOX = `
  SELECT regexp_replace(stored.subject, '^.*\\.', '') AS owner,
    'message ' || sequence || ' of the stream is of no event in the outbox' AS detail
  FROM stored LEFT JOIN outbox ON stored.event_id = outbox.event_id::text WHERE outbox.event_id IS NULL ORDER BY sequence`;

interface Difference {
  readonly owner: string;
  readonly revision?: number;
  readonly detail: string;
}

type Line =
  | { progress: { check: string; done: number; total: number } }
  | { difference: { check: string } & Difference }
  | { result: { checked: Record<string, number>; differences: number } };

const CHECK = 'outbox';

/** `GET /operator/reconcile`: NDJSON, one line for progress now and then, one a difference, and the result. */
export function answerReconcile(pool: pg.Pool, broker: EventBroker): HttpHandler {
  return async (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    await reconcileOutbox(pool, broker, (line) => write(response, line));
    response.end();
  };
}

/**
 * Compares the outbox with the USER stream, both ways, read-only. The ids in the stream are gathered in a temporary table
 * of the database, so that memory here stays the same however long the stream is.
 */
export async function reconcileOutbox(
  pool: pg.Pool,
  broker: EventBroker,
  say: (line: Line) => Promise<void>,
): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query(STORED);
    const expected = await client.query<{ total: number; startedAt: Date }>(EXPECTED);
    const { total, startedAt } = expected.rows[0]!;
    const messages = await gather(client, broker, (done) => say({ progress: { check: CHECK, done, total } }));

    const differences = [
      ...(await client.query<Difference>(NOT_IN_STREAM, [startedAt])).rows,
      ...(await client.query<Difference>(NOT_IN_OUTBOX)).rows,
    ];
    for (const difference of differences) await say({ difference: { check: CHECK, ...difference } });
    await say({ result: { checked: { outbox: total, messages }, differences: differences.length } });
  } finally {
    // The temporary table goes with the transaction; a connection that cannot even roll back is not used again.
    await client.query('ROLLBACK').then(
      () => client.release(),
      (error: Error) => client.release(error),
    );
  }
}

/** Answers how many messages the stream holds. */
async function gather(
  client: pg.PoolClient,
  broker: EventBroker,
  say: (done: number) => Promise<void>,
): Promise<number> {
  let messages = 0;
  let batch: { id: string; sequence: number; subject: string }[] = [];
  const flush = async () => {
    const found = batch;
    batch = [];
    await client.query(REMEMBER, [
      found.map(({ id }) => id),
      found.map(({ sequence }) => sequence),
      found.map(({ subject }) => subject),
    ]);
    await say(messages);
  };
  for await (const { id, sequence, subject } of broker.stored(USER_STREAM)) {
    messages += 1;
    // A message without an id is of no event, and has to show as such.
    batch.push({ id: id === undefined ? `#${sequence}` : eventIdOf(id), sequence, subject });
    if (batch.length >= BATCH) await flush();
  }
  await flush();
  return messages;
}

/** Waits while the reader is slower than we are. */
function write(response: ServerResponse, line: Line): Promise<void> {
  return new Promise((resolve) => {
    if (response.write(`${JSON.stringify(line)}\n`) || response.destroyed) resolve();
    else {
      response.once('drain', resolve);
      response.once('close', resolve);
    }
  });
}
