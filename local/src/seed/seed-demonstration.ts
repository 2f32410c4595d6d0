import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findTheServer } from '@kith/event-delivery';
import pg from 'pg';
import { importFriendships, importUsers, type OperatorAccess } from './call-operator-endpoints.ts';
import { FRIENDSHIPS, MEMBERS } from './zacharys-karate-club.ts';

/** The password of all demonstration users. It is printed at the start: it protects nothing. */
export const DEMO_PASSWORD = 'karate-club';

/**
 * Whether the demonstration is to be seeded: neither database was ever used, or an earlier seeding was interrupted.
 * Call it before the services start.
 */
export async function needsDemonstration(kithData: string, databaseUrls: readonly string[]): Promise<boolean> {
  const mark = await readMark(kithData);
  if (mark !== undefined) return mark === 'unfinished';
  const untouched = await Promise.all(databaseUrls.map(neverRecordedAnEvent));
  return untouched.every(Boolean);
}

/** Signs up the members of Zachary's karate club and makes them friends, all through the operator's endpoints. */
export async function seedDemonstration(kithData: string, access: OperatorAccess): Promise<void> {
  await writeFile(markFile(kithData), 'unfinished', { mode: 0o600 });
  const { users } = await importUsers(access, {
    usernames: MEMBERS.map(({ username }) => username),
    nicknames: MEMBERS.map(({ nickname }) => nickname),
    password: DEMO_PASSWORD,
  });
  const idByUsername = new Map(users.map(({ username, id }) => [username, id]));
  const idOf = (member: number) => idByUsername.get(MEMBERS[member - 1]?.username ?? '') ?? '';
  const { failed } = await importFriendships(
    access,
    FRIENDSHIPS.map(([a, b]) => [idOf(a), idOf(b)] as const),
  );
  if (failed[0]) throw new Error(`The demonstration could not be seeded: ${failed[0].code} ${failed[0].message}`);
  await writeFile(markFile(kithData), 'complete', { mode: 0o600 });
}

/** The file that tells the web client about the demonstration; written by `describeDemonstration`. */
export const demonstrationFile = (kithData: string) => join(kithData, 'demonstration.json');

/** Writes the accounts that a visitor may sign in to: `{ "password", "people": [{ "username", "nickname" }] }`. */
export async function describeDemonstration(kithData: string): Promise<void> {
  const file = demonstrationFile(kithData);
  await writeFile(`${file}.new`, JSON.stringify({ password: DEMO_PASSWORD, people: MEMBERS }), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** Removes what an earlier run wrote, so that no later run shows it. */
export async function forgetDemonstration(kithData: string): Promise<void> {
  await rm(demonstrationFile(kithData), { force: true });
}

/** Whether the demonstration was seeded from this data folder and this database holds it. */
export async function hasDemonstration(kithData: string, userDatabaseUrl: string): Promise<boolean> {
  if ((await readMark(kithData)) !== 'complete') return false;
  const usernames = MEMBERS.map(({ username }) => username);
  const [row] = await ask<{ members: number }>(
    userDatabaseUrl,
    'SELECT count(*)::int AS members FROM users WHERE username = ANY($1)',
    [usernames],
  );
  // Some members may have deleted their accounts; another database has none of them, or a namesake.
  return (row?.members ?? 0) > MEMBERS.length / 2;
}

const markFile = (kithData: string) => join(kithData, 'demonstration');
const readMark = (kithData: string) => readFile(markFile(kithData), 'utf8').catch(() => undefined);

/** The outbox's sequence never goes back, even when old rows are removed: if unused, no event was ever recorded. */
async function neverRecordedAnEvent(databaseUrl: string): Promise<boolean> {
  const [row] = await ask<{ unused: boolean }>(
    databaseUrl,
    "SELECT pg_sequence_last_value(pg_get_serial_sequence('outbox', 'id')::regclass) IS NULL AS unused",
  );
  return row?.unused ?? false;
}

async function ask<Row extends object>(databaseUrl: string, sql: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: await findTheServer(databaseUrl) });
  // Its statement fails anyway; without a listener its error event would end the process too.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
}
