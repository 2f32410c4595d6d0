import { askWhetherReady, eventually } from '@kith/local-servers';
import { afterAll, expect, test } from 'vitest';
import { accountOperations } from './testing/account-operations.ts';
import { startUserServiceForTests } from './testing/start-user-service-for-tests.ts';

const service = await startUserServiceForTests();
const { newUser } = accountOperations(service);
const unheard: unknown[] = [];
const keep = (error: unknown) => unheard.push(error);
process.on('uncaughtExceptionMonitor', keep);
afterAll(async () => {
  process.off('uncaughtExceptionMonitor', keep);
  await service[Symbol.asyncDispose]();
});

const UPDATE = 'mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { nickname } } }';
const CUT = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE pid <> pg_backend_pid() AND datname = current_database() AND application_name <> 'test'`;

const rename = (accessToken: string, nickname: string) =>
  service.graphql(UPDATE, { input: { nickname } }, accessToken).then(({ codes }) => codes);
const nicknameSeenBy = async (accessToken: string) => {
  const { data, codes } = await service.graphql('{ me { id nickname } }', {}, accessToken);
  return codes.length > 0 ? codes : data.me.nickname;
};

test('every connection is cut again and again under load: nothing ends, nothing acknowledged is lost', async () => {
  const people = await Promise.all(Array.from({ length: 8 }, (_, n) => newUser(`cut_${n}`)));
  let over = false;
  const cutting = (async () => {
    while (!over) await service.sql.query(CUT);
  })();
  const codes = new Set<string>();
  const last = new Map<string, string>();
  await Promise.all(
    people.map(async ({ accessToken }) => {
      for (let n = 0; n < 15; n += 1) {
        const failed = await rename(accessToken, `Name ${n}`);
        for (const code of failed) codes.add(code);
        // A failed command may have taken effect: only the answer was lost.
        if (failed.length === 0) last.set(accessToken, `Name ${n}`);
        else last.delete(accessToken);
      }
    }),
  );
  over = true;
  await cutting;
  expect([...codes].filter((code) => code !== 'SERVICE_UNAVAILABLE')).toEqual([]);
  expect(unheard).toEqual([]);
  await eventually(
    'profiles are read again',
    async () => typeof (await nicknameSeenBy(people[0]!.accessToken)) === 'string',
  );
  for (const [accessToken, nickname] of last) expect(await nicknameSeenBy(accessToken)).toBe(nickname);
  for (const { accessToken } of people) {
    await eventually('profiles are changed again', async () => (await rename(accessToken, 'Again')).length === 0);
  }
  await eventually('it misses nothing', async () => (await askWhetherReady(service.url)).missing.length === 0);
});

test('a Postgres that may only be read is an outage of changes: reads go on, and the next primary is found', async () => {
  const { accessToken } = await newUser('reader');
  const [{ name }] = (await service.sql.query('SELECT current_database() AS name')).rows as [{ name: string }];
  await service.sql.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
  await service.sql.query(CUT);
  await eventually('changes are refused', async () => (await rename(accessToken, 'Refused')).length > 0);
  for (let n = 0; n < 20; n += 1) expect(await rename(accessToken, 'Refused')).toEqual(['SERVICE_UNAVAILABLE']);
  await eventually('reads go on', async () => typeof (await nicknameSeenBy(accessToken)) === 'string');
  expect((await askWhetherReady(service.url)).missing).toEqual(['postgres']);
  // Sessions that are there may still only read.
  await service.sql.query('SET default_transaction_read_only = off');
  await service.sql.query(`ALTER DATABASE ${name} RESET default_transaction_read_only`);
  await eventually('changes are done', async () => (await rename(accessToken, 'Done')).length === 0);
  for (let n = 0; n < 20; n += 1) expect(await rename(accessToken, `Done ${n}`)).toEqual([]);
  await eventually('it misses nothing', async () => (await askWhetherReady(service.url)).missing.length === 0);
});

test('an account whose row is locked holds up its owner alone', async () => {
  const [locked, other] = [await newUser('locked'), await newUser('beside')];
  const holder = await service.sql.connect();
  try {
    await holder.query('BEGIN');
    await holder.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [locked.user.id]);
    let over = false;
    const refused = Promise.all(Array.from({ length: 30 }, () => rename(locked.accessToken, 'Refused'))).finally(() => {
      over = true;
    });
    const others: string[] = [];
    for (let n = 0; !over; n += 1) {
      others.push(...(await rename(other.accessToken, `Beside ${n}`)));
      others.push(...[await nicknameSeenBy(other.accessToken)].flat().filter((seen) => seen !== `Beside ${n}`));
    }
    expect(others).toEqual([]);
    expect(await refused).toEqual(Array(30).fill(['SERVICE_UNAVAILABLE']));
  } finally {
    await holder.query('ROLLBACK');
    holder.release();
  }
  expect(await rename(locked.accessToken, 'Free')).toEqual([]);
});
