import type pg from 'pg';

const TABLES = [
  'friend',
  'friend_list',
  'friend_request',
  'block',
  'profile',
  'timeline',
  'outbox',
  'inbox',
  'stream_position',
];

export async function backUp(pool: pg.Pool): Promise<void> {
  await pool.query('CREATE SCHEMA backup');
  for (const table of TABLES) await pool.query(`CREATE TABLE backup.${table} AS TABLE public.${table}`);
}

/** Everything as it was at the backup, in one moment. */
export async function putBack(pool: pg.Pool): Promise<void> {
  const back = TABLES.map((table) => `TRUNCATE public.${table}; INSERT INTO public.${table} TABLE backup.${table};`);
  await pool.query(`BEGIN; ${back.join(' ')} COMMIT;`);
}
