import { createTestDatabase } from '@kith/migrations';
import { createLog, createPool } from '@kith/service-kit';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, expect, test, vi } from 'vitest';
import { createUserLoaders } from './load-users.ts';

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
  const users = createUserLoaders(pool)();
  const found = await Promise.all([...ids, ids[0]!].map((id) => users.load(id)));
  expect(found.map((user) => user?.username)).toEqual(['ann', 'bob', 'cem', 'ann']);
  expect(query).toHaveBeenCalledTimes(1);
  query.mockRestore();
});

test('who is nobody, or deleted their account, is null', async () => {
  const users = createUserLoaders(pool)();
  const asked = [uuidv7(), 'no id at all', await addUser(null)];
  expect(await users.loadMany(asked)).toEqual([null, null, null]);
});

test('requests that ask in one turn share a statement; each is answered what it asked for', async () => {
  const [ann, bob] = (await Promise.all(['dan', 'eve'].map(addUser))) as [string, string];
  const newLoader = createUserLoaders(pool);
  const query = vi.spyOn(pool, 'query');
  const asked = [[ann], [bob, 'no id at all'], [bob, ann], [uuidv7()]];
  const found = await Promise.all(asked.map((ids) => newLoader().loadMany(ids)));
  expect(found.map((users) => users.map((user) => (user as { username: string } | null)?.username))).toEqual([
    ['dan'],
    ['eve', undefined],
    ['eve', 'dan'],
    [undefined],
  ]);
  expect(query).toHaveBeenCalledTimes(1);
  query.mockRestore();
});

test('what another request has read is not answered again: a change in between is seen', async () => {
  const ann = await addUser('fay');
  const newLoader = createUserLoaders(pool);
  expect((await newLoader().load(ann))?.nickname).toBe('fay');
  await pool.query('UPDATE users SET nickname = $2 WHERE id = $1', [ann, 'Fay']);
  expect((await newLoader().load(ann))?.nickname).toBe('Fay');
});

test('a statement that fails, fails whoever asked, and nobody after them', async () => {
  const ann = await addUser('gus');
  const newLoader = createUserLoaders(pool);
  vi.spyOn(pool, 'query').mockRejectedValueOnce(new Error('no answer') as never);
  const failed = await Promise.allSettled([newLoader().load(ann), newLoader().load(uuidv7())]);
  expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect((await newLoader().load(ann))?.username).toBe('gus');
});
