import pg from 'pg';
import { expect, inject, test } from 'vitest';
import { migrate, readMigrations } from './apply-migrations.ts';

const MENDS = '20261127200000_read_times_as_they_were_meant';
const NOON = Date.parse('2026-06-01T12:00:00.123Z');
const LATER = Date.parse('2026-12-01T15:30:00.456Z');

/** A UUID of version 7, made at that moment. */
const idMadeAt = (ms: number, last: number) => {
  const hex = `${ms.toString(16).padStart(12, '0')}7000800000000000${String(last).padStart(4, '0')}`;
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
};
/** As Prisma's adapter sends it: in UTC, without saying so. */
const asPrismaWrote = (ms: number) => new Date(ms).toISOString().replace('T', ' ').replace('Z', '');
const asItWas = (ms: number) => new Date(ms).toISOString();

async function writeAsBefore(client: pg.Client): Promise<void> {
  const user = (n: number, madeAt: number, createdAt: string, deletedAt: string | null) =>
    client.query(
      `INSERT INTO users (id, username, nickname, password_hash, version, created_at, deleted_at)
       VALUES ($1, $2, '', $2, 2, $3, $4)`,
      [idMadeAt(madeAt, n), deletedAt ? null : `u${n}`, createdAt, deletedAt],
    );
  await user(1, NOON, asPrismaWrote(NOON), null);
  await user(2, NOON, asItWas(NOON), null);
  await user(3, NOON, asPrismaWrote(NOON), asPrismaWrote(LATER));
  await client.query(
    `INSERT INTO outbox (event_id, owner_id, revision, type, subject, payload, occurred_at)
     VALUES (gen_random_uuid(), $1, 2, 't', 's', '{}', $2)`,
    [idMadeAt(NOON, 3), asItWas(LATER)],
  );
  for (const [n, write] of [
    [1, asPrismaWrote],
    [2, asItWas],
  ] as const) {
    const id = idMadeAt(NOON, 10 + n);
    await client.query('INSERT INTO session VALUES ($1, $2, $3, $4, $4)', [
      id,
      idMadeAt(NOON, 1),
      write(NOON),
      write(LATER),
    ]);
    await client.query('INSERT INTO refresh_token VALUES ($1, $2, $3, $4)', [
      Buffer.from([n]),
      id,
      write(NOON),
      write(LATER),
    ]);
  }
}

test.each(['Asia/Kathmandu', 'Pacific/Marquesas', 'America/New_York', 'UTC'])(
  'what was written on a server in %s is read as it was meant, and what was right stays',
  async (zone) => {
    const server = new URL(inject('postgresUrl'));
    server.pathname = `/zone_${process.pid}_${Math.floor(performance.now() * 1000)}`;
    const migrations = await readMigrations('user');
    const before = migrations.filter(({ name }) => name < MENDS);
    await migrate(server.href, 'user', before);
    const admin = new pg.Client({ connectionString: server.href });
    await admin.connect();
    await admin.query(`ALTER DATABASE ${pg.escapeIdentifier(server.pathname.slice(1))} SET timezone = '${zone}'`);
    await admin.end();

    const client = new pg.Client({ connectionString: server.href });
    await client.connect();
    try {
      await writeAsBefore(client);
      const { applied } = await migrate(server.href, 'user', migrations);
      expect(applied).toContain(MENDS);

      const users = await client.query<Record<string, Date | null>>('SELECT created_at, deleted_at FROM users');
      expect(users.rows.map((row) => row.created_at?.getTime())).toEqual([NOON, NOON, NOON]);
      expect(users.rows.flatMap((row) => row.deleted_at?.getTime() ?? [])).toEqual([LATER]);
      const sessions = await client.query<Record<string, Date>>(
        'SELECT session.created_at, expires_at, ended_at, issued_at, used_at FROM session JOIN refresh_token ON session_id = session.id',
      );
      expect(sessions.rows.map((row) => Object.values(row).map((at) => at.getTime()))).toEqual(
        [1, 2].map(() => [NOON, LATER, LATER, NOON, LATER]),
      );
    } finally {
      await client.end();
    }
  },
);
