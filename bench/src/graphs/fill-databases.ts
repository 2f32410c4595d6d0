import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { FOLDING, searchableWords } from '../system/user-service-insides.ts';
import { type GraphPerson, personOf } from './people.ts';
import { drawPowerLaw, type Pairs } from './power-law.ts';

const FRIENDSHIPS_EACH = 10;
/** How many of a thousand list entries have a remark, tags, or are pinned. */
const REMARKED = 50;

export interface FilledGraph {
  readonly people: number;
  readonly friendships: number;
  /** Person 0 has most friends, person 1 fewer, and so on. */
  idOf(number: number): string;
}

/**
 * Fills two migrated, empty databases with one graph: users with their search words; copies of their profiles, lists
 * with their revisions and counts, ten friendships a person in both directions, an open request for every second
 * person, a block for every fifth. By COPY, the indexes of large tables built afterwards; then VACUUM and ANALYZE, as
 * autovacuum leaves them. No events: their outbox is as past its retention.
 */
export async function fillDatabases(options: {
  readonly people: number;
  readonly friendUrl: string;
  readonly userUrl?: string;
  readonly step?: (what: string) => void;
}): Promise<FilledGraph> {
  const { people, step = () => undefined } = options;
  step('drawing friendships');
  const pairs = drawPowerLaw({ people, friendships: people * FRIENDSHIPS_EACH, seed: 19 });
  const idOf = (number: number) => personOf(number, people).id;
  const ids = Array.from({ length: people }, (_, number) => idOf(number));
  await inDatabase(options.friendUrl, async (client) => {
    step('copying lists');
    await copyFriends(client, { pairs, ids });
  });
  if (options.userUrl !== undefined) {
    await inDatabase(options.userUrl, async (client) => {
      step('copying users');
      await copyUsers(client, people);
    });
  }
  return { people, friendships: pairs.length, idOf };
}

async function inDatabase(connectionString: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await work(client);
    await client.query('VACUUM (ANALYZE)');
  } finally {
    await client.end();
  }
}

async function copyFriends(client: pg.Client, graph: { pairs: Pairs; ids: readonly string[] }): Promise<void> {
  const { pairs, ids } = graph;
  const people = ids.length;
  const friendCounts = new Uint32Array(people);
  for (let at = 0; at < pairs.length; at += 1) for (const person of pairs.pair(at)) friendCounts[person]! += 1;
  const requests = requestsBesides(pairs, people);
  const requestCounts = new Uint32Array(people);
  for (const pair of requests) for (const person of pair) requestCounts[person]! += 1;

  await copy(client, 'profile (user_id, username, nickname, friend_policy, version)', people, (number) => {
    const { id, username, nickname, friendPolicy } = personOf(number, people);
    return [id, username, nickname, friendPolicy, 1];
  });
  await copy(client, 'friend_list (owner_id, revision, friend_count, request_count)', people, (number) => [
    ids[number]!,
    friendCounts[number]! + requestCounts[number]!,
    friendCounts[number]!,
    requestCounts[number]!,
  ]);
  await withoutIndexes(client, 'friend', () =>
    copy(client, 'friend (owner_id, friend_id, remark, pinned, tags, since)', 2 * pairs.length, (row) => {
      const [one, other] = pairs.pair(row >> 1);
      const told = (row * 7_919) % 1_000;
      return [
        ...(row % 2 === 0 ? [ids[one]!, ids[other]!] : [ids[other]!, ids[one]!]),
        told < REMARKED ? `Known for ${row % 40} years` : null,
        told % 100 === 1 ? 't' : 'f',
        told < REMARKED / 2 ? '{work,school}' : '{}',
        new Date(1_720_000_000_000 + row * 500).toISOString(),
      ];
    }),
  );
  await copy(client, 'friend_request (id, from_id, to_id, message, sent_at, status)', requests.length, (at) => {
    const [from, to] = requests[at]!;
    const sentAt = new Date(1_730_000_000_000 + at * 1_000).toISOString();
    return [`${requestId(at)}`, ids[from]!, ids[to]!, 'Hello', sentAt, 'OPEN'];
  });
  await copy(client, 'block (owner_id, blocked_id, since)', Math.floor(people / 5), (at) => {
    const [owner, blocked] = [at * 5, (at * 104_729 + 3) % people];
    return owner === blocked ? undefined : [ids[owner]!, ids[blocked]!, new Date(1_730_000_000_000).toISOString()];
  });
}

function requestId(at: number): string {
  return `01930000-0000-7000-8000-${at.toString(16).padStart(12, '0')}`;
}

/** A request of every second person to a non-friend; at most one per pair. */
function requestsBesides(pairs: Pairs, people: number): [number, number][] {
  const found = new Map<string, [number, number]>();
  for (let from = 0; from < people; from += 2) {
    const to = (from * 31 + 17) % people;
    if (from === to || pairs.has(from, to)) continue;
    found.set(from < to ? `${from} ${to}` : `${to} ${from}`, [from, to]);
  }
  return [...found.values()];
}

async function copyUsers(client: pg.Client, people: number): Promise<void> {
  const person = (number: number): GraphPerson => personOf(number, people);
  await copy(
    client,
    'users (id, username, nickname, friend_policy, password_hash, version, created_at)',
    people,
    (number) => {
      const { id, username, nickname, friendPolicy, createdAt } = person(number);
      return [id, username, nickname, friendPolicy, 'none', 1, createdAt];
    },
  );
  await copyLines(client, 'user_word (word, kind, user_id, folding)', wordLines(people));
}

function* wordLines(people: number): Generator<string> {
  for (let number = 0; number < people; number += 1) {
    const user = personOf(number, people);
    for (const { word, kind } of searchableWords(user)) yield line([word, kind, user.id, FOLDING]);
  }
}

type Value = string | number | null;

/** `rows` rows; one that is undefined is left out. */
async function copy(
  client: pg.Client,
  into: string,
  rows: number,
  row: (at: number) => Value[] | undefined,
): Promise<void> {
  await copyLines(
    client,
    into,
    (function* () {
      for (let at = 0; at < rows; at += 1) {
        const values = row(at);
        if (values) yield line(values);
      }
    })(),
  );
}

/** Postgres' text format of COPY; no value of ours holds what would have to be escaped. */
function line(values: readonly Value[]): string {
  return `${values.map((value) => value ?? '\\N').join('\t')}\n`;
}

const CHUNK_CHARACTERS = 256 * 1024;

async function copyLines(client: pg.Client, into: string, lines: Iterable<string>): Promise<void> {
  const chunks = (function* () {
    let chunk = '';
    for (const each of lines) {
      chunk += each;
      if (chunk.length < CHUNK_CHARACTERS) continue;
      yield chunk;
      chunk = '';
    }
    yield chunk;
  })();
  await pipeline(Readable.from(chunks), client.query(copyFrom(`COPY ${into} FROM STDIN`)));
}

/** Drops a table's indexes and keys and recreates them afterwards: sorting is faster than inserting. */
async function withoutIndexes(client: pg.Client, table: string, work: () => Promise<void>): Promise<void> {
  const keys = await client.query<{ name: string; definition: string }>(
    `SELECT conname AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint
     WHERE conrelid = $1::regclass AND contype IN ('p', 'u')`,
    [table],
  );
  const indexes = await client.query<{ name: string; definition: string }>(
    `SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
     WHERE indrelid = $1::regclass AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)`,
    [table],
  );
  for (const { name } of keys.rows) await client.query(`ALTER TABLE ${table} DROP CONSTRAINT ${name}`);
  for (const { name } of indexes.rows) await client.query(`DROP INDEX ${name}`);
  await work();
  for (const { name, definition } of keys.rows) {
    await client.query(`ALTER TABLE ${table} ADD CONSTRAINT ${name} ${definition}`);
  }
  for (const { definition } of indexes.rows) await client.query(definition);
}
