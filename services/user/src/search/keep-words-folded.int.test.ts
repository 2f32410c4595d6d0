import { eventually } from '@kith/local-servers';
import { createTestDatabase } from '@kith/migrations';
import { createLog, createPool } from '@kith/service-kit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keepWordsFolded } from './keep-words-folded.ts';
import { FOLDING, saveWords } from './save-words.ts';

const log = createLog({ name: 'test', level: 'silent' });
const database = await createTestDatabase('user');
const pool = createPool({ url: database.url, name: 'test', max: 5, log });
const stops: { stop(): Promise<void> }[] = [];
afterAll(async () => {
  for (const each of stops) await each.stop();
  await pool.end();
  await database.drop();
});

const USERS = 450;
const idOf = (number: number) => `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`;
const wordsOf = async (number: number) =>
  (await pool.query('SELECT word FROM user_word WHERE user_id = $1 ORDER BY word', [idOf(number)])).rows.map(
    ({ word }) => word,
  );
const leftOver = async () =>
  Number((await pool.query('SELECT count(*) FROM user_word WHERE folding < $1', [FOLDING])).rows[0].count);

// As the first folding left them: one word a name, and letters that it did not know.
beforeAll(async () => {
  const numbers = Array.from({ length: USERS }, (_, number) => number);
  await pool.query(
    `INSERT INTO users (id, username, nickname, password_hash, version, created_at)
     SELECT *, '王小明', 'hash', 1, now() FROM unnest($1::uuid[], $2::text[])`,
    [numbers.map(idOf), numbers.map((number) => `n${number}`)],
  );
  await pool.query(`INSERT INTO user_word (word, kind, user_id) SELECT '王小明', 1, id FROM users`);
});

test('words of an older folding are made anew, those of who is being changed last, and by nobody else', async () => {
  const changing = await pool.connect();
  await changing.query('BEGIN');
  await changing.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [idOf(7)]);
  const first = keepWordsFolded(pool, log);
  stops.push(first, keepWordsFolded(pool, log));
  await eventually('all but the one are folded', async () => (await leftOver()) === 1);
  expect(await wordsOf(7)).toEqual(['王小明']);
  expect(await wordsOf(8)).toEqual(['n8', '小明', '明', '王小明']);

  await changing.query(`UPDATE users SET nickname = 'Renamed' WHERE id = $1`, [idOf(7)]);
  await saveWords(changing, [{ id: idOf(7), username: 'n7', nickname: 'Renamed' }]);
  await changing.query('COMMIT');
  changing.release();
  expect(await leftOver()).toBe(0);
  expect(await wordsOf(7)).toEqual(['n7', 'renamed']);
});

test('what an instance of the older release writes meanwhile is found by the next start', async () => {
  await pool.query('DELETE FROM user_word WHERE user_id = $1', [idOf(9)]);
  await pool.query(`INSERT INTO user_word (word, kind, user_id) VALUES ('王小明', 1, $1)`, [idOf(9)]);
  stops.push(keepWordsFolded(pool, log));
  await eventually('it is folded', async () => (await leftOver()) === 0);
  expect(await wordsOf(9)).toEqual(['n9', '小明', '明', '王小明']);
});
