import { createTestDatabase } from '@kith/migrations';
import { createLog, createPool } from '@kith/service-kit';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, expect, test, vi } from 'vitest';
import { createUserLoader } from './load-users.ts';

const database = await createTestDatabase('user');
const pool = createPool({ url: database.url, name: 'test', log: createLog({ name: 'test', level: 'silent' }) });
afterAll(async () => {
  await pool.end();
  await database.drop();
});

async function addUser(username: string | null): Promise<string> {
  const id = uuidv7();
  await pool.query(
    `INSERT INTO users (id, username, nickname, password_hash, version, created_at, deleted_at)
     VALUES ($1, $2, coalesce($2, ''), $2, 1, now(), CASE WHEN $2::text IS NULL THEN now() END)`,
    [id, username],
  );
  return id;
}

test('what one request asks for is one statement', async () => {
  const ids = await Promise.all(['ann', 'bob', 'cem'].map(addUser));
  const query = vi.spyOn(pool, 'query');
  const users = createUserLoader(pool);
  const found = await Promise.all([...ids, ids[0]!].map((id) => users.load(id)));
  expect(found.map((user) => user?.username)).toEqual(['ann', 'bob', 'cem', 'ann']);
  expect(query).toHaveBeenCalledTimes(1);
  query.mockRestore();
});

test('who is nobody, or deleted their account, is null', async () => {
  const users = createUserLoader(pool);
  const asked = [uuidv7(), 'no id at all', await addUser(null)];
  expect(await users.loadMany(asked)).toEqual([null, null, null]);
});
