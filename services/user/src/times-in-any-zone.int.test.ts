import { createTestDatabase } from '@kith/migrations';
import { createLog, createPool, GATEWAY_KEY_HEADER, parseConfig } from '@kith/service-kit';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { startUserService } from './start-user-service.ts';
import { accountOperations, PASSWORD } from './testing/account-operations.ts';
import { GATEWAY_KEY, startUserServiceForTests } from './testing/start-user-service-for-tests.ts';
import { userConfigSchema } from './user-config.ts';

const log = createLog({ name: 'test', level: 'silent' });

// A zone can be the server's, the database's, the role's, or be asked for in the address: the nearest to the session wins.
const FAR_ZONES = ['Asia/Kathmandu', 'Pacific/Marquesas'];

describe.each(FAR_ZONES)('over a database whose sessions begin in %s', async (zone) => {
  const database = await createTestDatabase('user');
  const inZone = new URL(database.url);
  inZone.searchParams.set('options', `-c TimeZone=${zone}`);
  const service = await startUserServiceForTests({ USER_DATABASE_URL: inZone.href });
  const sql = createPool({ url: inZone.href, name: 'test', max: 2, log });
  afterAll(async () => {
    await service[Symbol.asyncDispose]();
    await sql.end();
    await database.drop();
  });
  const { newUser, newSession, signOut, deleteAccount } = accountOperations(service);
  const ME = '{ me { createdAt } }';

  test('every session of a pool speaks UTC', async () => {
    const clients = await Promise.all([sql.connect(), sql.connect()]);
    const zones = await Promise.all(clients.map((client) => client.query('SHOW timezone')));
    for (const client of clients) client.release();
    expect(zones.flatMap(({ rows }) => rows)).toEqual([{ TimeZone: 'UTC' }, { TimeZone: 'UTC' }]);
  });

  test('an account is as old for who reads it as for who made it, and as in the database', async () => {
    const before = Date.now();
    const { user, accessToken } = await newUser('timely');
    expect((await service.graphql(ME, {}, accessToken)).data).toEqual({ me: { createdAt: user.createdAt } });
    expect(Date.parse(user.createdAt)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(user.createdAt)).toBeLessThanOrEqual(Date.now());
    const { rows } = await sql.query(
      `SELECT (SELECT created_at FROM users WHERE id = $1) AS account,
              (SELECT occurred_at FROM outbox WHERE owner_id = $1::text) AS event,
              (SELECT created_at FROM session WHERE user_id = $1) AS session`,
      [user.id],
    );
    const [at] = rows as [{ account: Date; event: Date; session: Date }];
    expect(at.account.toISOString()).toBe(user.createdAt);
    expect(at.event.toISOString()).toBe(user.createdAt);
    expect(at.session.getTime() - at.account.getTime()).toBeLessThan(60_000);
  });

  test('what has ended has ended for a process that starts afterwards', async () => {
    const leaving = await newUser('leaving');
    const going = await newUser('going');
    const staying = await newSession('leaving');
    await signOut({ refreshToken: leaving.refreshToken });
    expect((await deleteAccount({ password: PASSWORD }, going.accessToken)).codes).toEqual([]);

    const other = await startUserService(parseConfig(userConfigSchema, service.env), log);
    const me = async (token: string) => {
      const response = await fetch(`${other.url}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          [GATEWAY_KEY_HEADER]: GATEWAY_KEY,
          authorization: `Bearer ${token}`,
        },
        body: JSON.stringify({ query: ME }),
      });
      const { data, errors = [] } = (await response.json()) as {
        data?: { me: unknown };
        errors?: { extensions: { code: string } }[];
      };
      return errors[0]?.extensions.code ?? data?.me;
    };
    try {
      expect(await me(leaving.accessToken)).toBe('SESSION_ENDED');
      expect(await me(going.accessToken)).toBe('SESSION_ENDED');
      expect(await me(staying.accessToken)).toEqual({ createdAt: staying.user.createdAt });
    } finally {
      await other.stop();
    }
  });
});

// The suites of this and the friend service run in two zones: without this they would prove half.
test('server and process are in the same far zone', async () => {
  const pool = createPool({ url: inject('postgresUrl'), name: 'test', max: 1, log });
  const { rows } = await pool.query("SELECT reset_val FROM pg_settings WHERE name = 'TimeZone'");
  await pool.end();
  expect(FAR_ZONES).toContain(Intl.DateTimeFormat().resolvedOptions().timeZone.replace('Katmandu', 'Kathmandu'));
  expect(rows).toEqual([{ reset_val: process.env.TZ }]);
});
