import { askWhetherReady, eventually, freePort, natsUrl, startNats } from '@kith/local-servers';
import { createLog, GATEWAY_KEY_HEADER, parseConfig, type RunningPart } from '@kith/service-kit';
import { usersOfNats } from '@kith/services';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startUserService } from '../start-user-service.ts';
import { accountOperations, type TestSession } from '../testing/account-operations.ts';
import {
  GATEWAY_KEY,
  startUserServiceForTests,
  type UserServiceUnderTest,
} from '../testing/start-user-service-for-tests.ts';
import { userConfigSchema } from '../user-config.ts';

const log = createLog({ name: 'other', level: 'silent' });
let service: UserServiceUnderTest;
let operations: ReturnType<typeof accountOperations>;
let others: RunningPart[];
beforeEach(async () => {
  service = await startUserServiceForTests();
  operations = accountOperations(service);
  others = [];
});
afterEach(async () => {
  for (const each of others) await each.stop();
  await service[Symbol.asyncDispose]();
});

async function startOther(env: Record<string, string> = {}): Promise<RunningPart> {
  const other = await startUserService(parseConfig(userConfigSchema, { ...service.env, ...env }), log);
  others.push(other);
  return other;
}

async function askedOf(url: string, { accessToken }: TestSession): Promise<string> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${accessToken}`,
      [GATEWAY_KEY_HEADER]: GATEWAY_KEY,
    },
    body: JSON.stringify({ query: '{ me { id } }' }),
  });
  const { data, errors } = (await response.json()) as {
    data?: { me: { id: string } | null };
    errors?: { extensions: { code: string } }[];
  };
  return errors?.[0] ? errors[0].extensions.code : String(data!.me?.id);
}

// In the order in which they refer to each other.
const TABLES = ['users', 'user_word', 'session', 'refresh_token', 'outbox', 'stream_position', 'lost_sessions'];

async function backUp(): Promise<void> {
  await service.sql.query('CREATE SCHEMA backup');
  for (const table of TABLES) await service.sql.query(`CREATE TABLE backup.${table} AS TABLE public.${table}`);
}

/** Restores everything to the backup, in one transaction. */
async function putBack(): Promise<void> {
  const empty = `TRUNCATE ${TABLES.map((table) => `public.${table}`).join(', ')};`;
  const fill = TABLES.map((table) => `INSERT INTO public.${table} TABLE backup.${table};`);
  await service.sql.query(`BEGIN; ${empty} ${fill.join(' ')} COMMIT;`);
}

const cutEverybodyOff = () =>
  service.sql.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );

const allIsPublished = () =>
  eventually('all is published', async () => {
    const { rows } = await service.sql.query('SELECT FROM outbox WHERE published_at IS NULL');
    return rows.length === 0;
  });

/** All processes have seen what is committed: they look over every new connection before they answer over it. */
async function aLook(session: TestSession): Promise<void> {
  await cutEverybodyOff();
  for (const { url } of [service, ...others]) {
    await eventually('it answers', async () => (await askedOf(url, session)) === session.user.id);
  }
}

async function reconcile(): Promise<{ differences: number; checked: { givenUp?: number } }> {
  const text = await (await service.operator('/operator/reconcile')).text();
  return JSON.parse(text.trim().split('\n').at(-1)!).result;
}

test.each([
  ['while its connections are cut', cutEverybodyOff],
  ['under its open connections', async () => undefined],
])(
  'a database that is put back %s: sessions that it does not know are refused by all, others go on, and nothing differs',
  async (_, cut) => {
    const other = await startOther();
    const before = await operations.newUser('before');
    await allIsPublished();
    await backUp();
    const again = await operations.newSession('before');
    const lost = await operations.newUser('lost');
    await allIsPublished();
    await aLook(lost);
    await putBack();
    await cut();
    for (const { url } of [service, other]) {
      for (const session of [lost, again]) {
        await eventually('it is refused', async () => (await askedOf(url, session).catch(String)) === 'SESSION_ENDED');
      }
      expect(await askedOf(url, before)).toBe(before.user.id);
    }
    expect((await operations.refreshSession({ refreshToken: lost.refreshToken })).codes).toEqual(['SESSION_ENDED']);

    const after = await operations.newUser('lost');
    await allIsPublished();
    const late = await startOther();
    for (const { url } of [service, other, late]) expect(await askedOf(url, after)).toBe(after.user.id);
    expect(await askedOf(late.url, lost)).toBe('SESSION_ENDED');
    await eventually('what was lost is given up', async () => (await reconcile()).differences === 0);
    expect((await reconcile()).checked.givenUp).toBe(1);
  },
);

test('a database that was put back while nobody was here: its first answer refuses sessions that it does not know', async () => {
  const before = await operations.newUser('before');
  await allIsPublished();
  await backUp();
  const lost = await operations.newUser('lost');
  await allIsPublished();
  await service.stop();
  await putBack();
  const { url } = await startOther();
  expect([await askedOf(url, before), await askedOf(url, lost)]).toEqual([before.user.id, 'SESSION_ENDED']);
});

test('while the broker is away nothing is published that would hide what was lost, and what waits comes with it', async () => {
  const port = await freePort();
  const nats = await startNats({ port, users: usersOfNats });
  const env = { NATS_URL: natsUrl(port, 'user') };
  await service.stop();
  const first = await startOther(env);
  const signUp = (url: string, username: string) =>
    fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', [GATEWAY_KEY_HEADER]: GATEWAY_KEY },
      body: JSON.stringify({
        query: 'mutation ($input: SignUpInput!) { signUp(input: $input) { accessToken user { id } } }',
        variables: { input: { username, password: 'correct horse battery', nickname: username } },
      }),
    }).then(async (response) => (await response.json()).data.signUp);
  await signUp(first.url, 'before');
  await allIsPublished();
  await backUp();
  const lost = await signUp(first.url, 'lost');
  await allIsPublished();
  await first.stop();
  await nats.pause();
  await putBack();
  const second = await startOther(env);
  await signUp(second.url, 'after');
  expect(await askWhetherReady(second.url)).toMatchObject({ ready: true });
  await nats.resume();
  await allIsPublished();
  await eventually('it is refused', async () => (await askedOf(second.url, lost)) === 'SESSION_ENDED');
  const { rows } = await service.sql.query('SELECT given_up_through::int AS through FROM stream_position');
  expect(rows[0].through).toBeGreaterThan(0);
  await others.pop()!.stop();
  await nats.stop();
});

test('without a restore nobody is refused, however often connections are cut', async () => {
  const session = await operations.newUser('ann');
  for (let cuts = 0; cuts < 3; cuts += 1) {
    await cutEverybodyOff();
    await operations.newUser(`ann_${cuts}`).catch(() => undefined);
    await aLook(session);
  }
  expect((await service.sql.query('SELECT FROM lost_sessions')).rows).toEqual([]);
});
