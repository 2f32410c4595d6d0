import type pg from 'pg';

/** Where the stream stood that this outbox publishes to, when it was last looked at. */
export interface StreamPosition {
  /** Tells a stream from another of the same name; undefined before the first look. */
  readonly createdAt: string | undefined;
  readonly lastSequence: number;
  /** Of each durable consumer: it had acknowledged all up to here. */
  readonly hadThrough: Readonly<Record<string, number>>;
  /** Some of what the stream has lost is still to be published again, see publish-again.ts. */
  readonly owes: boolean;
  /** Messages that were removed from between others. */
  readonly holes: number;
  /** Events up to here that are not in the outbox are of a timeline that was given up. */
  readonly givenUpThrough: number;
  /** By the outbox itself, whose marks may be newer than the last look. */
  readonly highestPublished: number;
  /** Among its newest rows: how many have a number in the stream that another has too, which no stream gives twice. */
  readonly sharedNumbers: number;
}

/** Beside what consumers had, under the name that none can have: adopters have these tables, and no more columns. */
const OWES = '';

const READ = `
  SELECT created_at, last_sequence, had_through, holes, given_up_through,
    highest_published, shared_numbers
  FROM (SELECT $1::text AS name) AS asked LEFT JOIN stream_position USING (name), (
    SELECT max(stream_sequence) AS highest_published,
      count(*) FILTER (WHERE stream_sequence > 0) - count(DISTINCT stream_sequence) FILTER (WHERE stream_sequence > 0)
        AS shared_numbers
    FROM (SELECT stream_sequence FROM outbox WHERE published_at IS NOT NULL ORDER BY id DESC LIMIT 1000) AS newest
  ) AS published`;

const WRITE = `
  INSERT INTO stream_position (name, created_at, last_sequence, had_through, holes, given_up_through)
  VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (name) DO UPDATE SET created_at = $2, last_sequence = $3, had_through = $4, holes = $5, given_up_through = $6
  WHERE (stream_position.created_at, stream_position.last_sequence, stream_position.had_through, stream_position.holes,
    stream_position.given_up_through) IS DISTINCT FROM ($2, $3::bigint, $4::jsonb, $5::bigint, $6::bigint)`;

export async function readPosition(client: pg.ClientBase, stream: string): Promise<StreamPosition> {
  const { rows } = await client.query(READ, [stream]);
  const row = rows[0];
  const { [OWES]: owes, ...hadThrough } = (row.had_through ?? {}) as Record<string, number>;
  return {
    createdAt: row.created_at ?? undefined,
    lastSequence: Number(row.last_sequence ?? 0),
    hadThrough,
    owes: owes !== undefined,
    holes: Number(row.holes ?? 0),
    givenUpThrough: Number(row.given_up_through ?? 0),
    highestPublished: Number(row.highest_published ?? 0),
    sharedNumbers: Number(row.shared_numbers),
  };
}

/** Writes nothing where nothing has changed. */
export async function writePosition(
  client: pg.ClientBase,
  stream: string,
  position: Omit<StreamPosition, 'sharedNumbers'>,
): Promise<void> {
  const { createdAt, lastSequence, owes, holes, givenUpThrough } = position;
  const hadThrough = JSON.stringify({ ...position.hadThrough, ...(owes && { [OWES]: 1 }) });
  const values = [stream, createdAt, lastSequence, hadThrough, holes, givenUpThrough];
  await client.query(WRITE, values);
}
