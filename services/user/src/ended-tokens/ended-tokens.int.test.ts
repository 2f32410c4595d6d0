import { askWhetherReady, eventually, freePort, missesNothing, natsUrl, startNats } from '@kith/local-servers';
import { createLog, GATEWAY_KEY_HEADER, parseConfig } from '@kith/service-kit';
import { usersOfNats } from '@kith/services';
import { afterAll, expect, test } from 'vitest';
import { startUserService } from '../start-user-service.ts';
import { accountOperations, PASSWORD, type TestSession } from '../testing/account-operations.ts';
import { GATEWAY_KEY, startUserServiceForTests } from '../testing/start-user-service-for-tests.ts';
import { userConfigSchema } from '../user-config.ts';

const service = await startUserServiceForTests();
const log = createLog({ name: 'other', level: 'silent' });
const startOther = (env: Record<string, string> = {}) =>
  startUserService(parseConfig(userConfigSchema, { ...service.env, ...env }), log);
const other = await startOther();
afterAll(async () => {
  await other.stop();
  await service[Symbol.asyncDispose]();
});
const operations = accountOperations(service);
const { newUser, newSession, signOut, deleteAccount, changePassword, refreshSession, sessionOf } = operations;

/** The answer of a process to this token: the viewer's id, or the error's code. */
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
    data?: { me: { id: string } };
    errors?: { extensions: { code: string } }[];
  };
  return errors ? `${response.status} ${errors[0]!.extensions.code}` : data!.me.id;
}

const ENDINGS: [string, (session: TestSession) => Promise<unknown>][] = [
  ['signing out', ({ refreshToken }) => signOut({ refreshToken })],
  ['deleting the account', ({ accessToken }) => deleteAccount({ password: PASSWORD }, accessToken)],
  [
    'a new password on another device',
    async ({ user }) => {
      const { accessToken } = await newSession(user.username);
      await changePassword({ currentPassword: PASSWORD, newPassword: 'another horse battery' }, accessToken);
    },
  ],
  [
    'reuse of a refresh token',
    async ({ refreshToken }) => {
      const successor = sessionOf(await refreshSession({ refreshToken }));
      await refreshSession({ refreshToken: successor.refreshToken });
      await refreshSession({ refreshToken });
    },
  ],
];

test.each(ENDINGS)('%s stops the access token in every process within a second', async (how, end) => {
  const session = await newUser(`ended_${ENDINGS.findIndex(([name]) => name === how)}`);
  expect(await askedOf(other.url, session)).toBe(session.user.id);
  await end(session);
  for (const { url } of [service, other]) {
    const refused = () => askedOf(url, session).then((answer) => answer === '401 SESSION_ENDED');
    await eventually('the token is refused', refused);
  }
});

test('what ended a session may be repeated with its token, and nothing else', async () => {
  const session = await newUser('repeats');
  await deleteAccount({ password: PASSWORD }, session.accessToken);
  expect((await deleteAccount({ password: PASSWORD }, session.accessToken)).data).toEqual({
    deleteAccount: { deleted: true },
  });
  const smuggled =
    'mutation ($i: DeleteAccountInput!) { deleteAccount(input: $i) { deleted } signOut(input: {refreshToken: "x"}) { signedOut } updateProfile(input: {}) { user { id } } }';
  const { codes } = await service.graphql(smuggled, { i: { password: PASSWORD } }, session.accessToken);
  expect(codes).toEqual(['SESSION_ENDED']);
});

test('a process that starts later knows what ended before', async () => {
  const session = await newUser('earlier');
  await signOut({ refreshToken: session.refreshToken });
  const late = await startOther();
  expect(await askedOf(late.url, session)).toBe('401 SESSION_ENDED');
  await late.stop();
});

test('without announcements the end is found within a second all the same', async () => {
  const session = await newUser('unannounced');
  const deaf = await startOther({ NATS_URL: `nats://127.0.0.1:${await freePort()}` });
  expect(await askedOf(deaf.url, session)).toBe(session.user.id);
  await signOut({ refreshToken: session.refreshToken });
  const refused = () => askedOf(deaf.url, session).then((answer) => answer === '401 SESSION_ENDED');
  await eventually('the token is refused', refused);
  await deaf.stop();
});

test('what has ended is told to nobody without the gateway’s key', async () => {
  for (const key of [undefined, 'x', 'the-gateway-key-of-the-test']) {
    const headers = key === undefined ? {} : { [GATEWAY_KEY_HEADER]: key };
    expect((await fetch(`${service.url}/tokens/ended?since=0`, { headers })).status).toBe(401);
  }
});

test('the service starts and answers while NATS is away, and publishes when it comes', async () => {
  const port = await freePort();
  const early = await startOther({ NATS_URL: natsUrl(port, 'user') });
  expect(await askWhetherReady(early.url)).toEqual({ ready: true, missing: ['nats'] });
  const response = await fetch(`${early.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', [GATEWAY_KEY_HEADER]: GATEWAY_KEY },
    body: JSON.stringify({
      query: 'mutation ($input: SignUpInput!) { signUp(input: $input) { user { username } } }',
      variables: { input: { username: 'early_bird', password: PASSWORD, nickname: 'Early' } },
    }),
  });
  expect(await response.json()).toEqual({ data: { signUp: { user: { username: 'early_bird' } } } });

  const nats = await startNats({ port, users: usersOfNats });
  await eventually('NATS to be found', () => missesNothing(early.url));
  await early.stop();
  await nats.stop();
});

test('without its database the service is not ready, without Redis it is', async () => {
  const nowhere = '127.0.0.1:1';
  const blind = await startOther({ USER_DATABASE_URL: `postgres://nobody@${nowhere}/none` });
  expect((await fetch(`${blind.url}/ready`)).status).toBe(503);
  expect(await askWhetherReady(blind.url)).toEqual({ ready: false, missing: ['postgres'] });
  await blind.stop();

  const forgetful = await startOther({ REDIS_URL: `redis://${nowhere}` });
  expect(await askWhetherReady(forgetful.url)).toEqual({ ready: true, missing: ['redis'] });
  await forgetful.stop();
});

test('a storm of sign-ins starves no read', async () => {
  const { user, accessToken } = await newUser('stormy');
  let stormy = 40;
  const storm = Array.from({ length: stormy }, (_, n) =>
    operations.signIn({ username: `storm_${n}`, password: 'wrong' }).finally(() => {
      stormy -= 1;
    }),
  );
  for (let n = 0; n < 10; n += 1) {
    expect((await service.graphql('{ me { id } }', {}, accessToken)).data).toEqual({ me: { id: user.id } });
  }
  // Ten reads, one after the other, came between the sign-ins and not behind them.
  expect(stormy).toBeGreaterThan(0);
  await Promise.all(storm);
});
