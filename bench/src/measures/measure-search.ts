import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { startPostgres } from '@kith/local-servers';
import { migrate } from '@kith/migrations';
import type pg from 'pg';
import { nameOf } from '../graphs/people.ts';
import type { Measurement } from '../report/measurement.ts';
import { percentile } from '../report/percentile.ts';
import { openPool } from '../system/open-pool.ts';
import { saveWords, searchUsers } from '../system/user-service-insides.ts';

const USERS = 1_000_000;
const BATCH = 10_000;
const SEARCHES = 400;
const PAGE = 20;

const userAt = (number: number) => ({
  id: randomUUID(),
  username: `${nameOf(number, 1)}_${number}`,
  nickname: `${nameOf(number, 2)} ${nameOf(number, 3)}`,
});

const KINDS: readonly { what: string; text: (number: number) => string }[] = [
  { what: 'one word', text: (number) => nameOf(number, 2) },
  { what: 'the beginning of a word', text: (number) => nameOf(number, 2).slice(0, 3) },
  { what: 'one letter', text: (number) => nameOf(number, 2).slice(0, 1) },
  { what: 'two words', text: (number) => `${nameOf(number, 2)} ${nameOf(number, 3)}` },
  { what: 'two letters apart', text: (number) => `${nameOf(number, 2).slice(0, 1)} ${nameOf(number, 3).slice(0, 1)}` },
];

export const measureSearch: Measurement = {
  name: 'search',
  title: 'Search',
  onlyByName: true,
  explained: `searchUsers for a page of ${PAGE} among ${USERS.toLocaleString('en')} users, ${SEARCHES} searches of each kind one after the other, in this process: the 99th percentile. Floor: one user by id from the same database.`,

  async run({ folder, started, step }) {
    const postgres = await startPostgres({ dataFolder: join(folder, 'postgres') });
    started.defer(() => postgres.stop());
    const url = postgres.url('kith_user');
    await migrate(url, 'user');
    const pool = openPool(started, url, 4);
    for (let made = 0; made < USERS; made += BATCH) {
      step(`making users, ${made.toLocaleString('en')} of ${USERS.toLocaleString('en')}`);
      await makeUsers(pool, made);
    }
    await pool.query('VACUUM ANALYZE');

    const ids = (await pool.query<{ id: string }>('SELECT id FROM users LIMIT $1', [SEARCHES])).rows;
    const floor = await timesOf(ids, ({ id }) => pool.query('SELECT * FROM users WHERE id = $1', [id]));
    const beside = [{ what: 'a user by id', value: percentile(floor, 99) }];
    const figures = [];
    for (const { what, text } of KINDS) {
      step(what);
      const numbers = Array.from({ length: SEARCHES }, (_, at) => (at * 7_919) % USERS);
      const times = await timesOf(numbers, (number) =>
        searchUsers(pool, { text: text(number), first: PAGE, after: null }),
      );
      figures.push({ what: `${what}, p50`, value: percentile(times, 50), unit: 'ms' as const, beside });
      figures.push({
        what: `${what}, p99`,
        value: percentile(times, 99),
        unit: 'ms' as const,
        beside,
        goal: { atMost: 20 },
      });
    }
    return figures;
  },
};

async function makeUsers(pool: pg.Pool, from: number): Promise<void> {
  const users = Array.from({ length: BATCH }, (_, at) => userAt(from + at));
  await pool.query(
    `INSERT INTO users (id, username, nickname, password_hash, version, created_at)
     SELECT id, username, nickname, 'x', 1, now() FROM unnest($1::uuid[], $2::text[], $3::text[]) AS made (id, username, nickname)`,
    [users.map(({ id }) => id), users.map(({ username }) => username), users.map(({ nickname }) => nickname)],
  );
  await saveWords(pool, users);
}

async function timesOf<Item>(items: readonly Item[], work: (item: Item) => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (const item of items) {
    const startedAt = performance.now();
    await work(item);
    times.push(performance.now() - startedAt);
  }
  return times;
}
