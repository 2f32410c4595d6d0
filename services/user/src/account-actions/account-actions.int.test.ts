import { afterAll, expect, test } from 'vitest';
import { accountOperations, PASSWORD } from '../testing/account-operations.ts';
import { startUserServiceForTests } from '../testing/start-user-service-for-tests.ts';

const service = await startUserServiceForTests({ REFRESH_GRACE_S: '0' });
afterAll(() => service[Symbol.asyncDispose]());
const operations = accountOperations(service);
const { newUser, newSession, refreshSession, signOut, changePassword, deleteAccount, updateProfile } = operations;

async function actionsOf(account: string, before?: string) {
  const query = new URLSearchParams({ account, ...(before && { before }) });
  const response = await service.operator(`/operator/account-actions?${query}`);
  const body = (await response.json()) as { actions: { id: string; name: string; sessionId?: string }[]; next: string };
  return { status: response.status, ...body };
}

/** Oldest first. */
const namesOf = async (account: string) =>
  (await actionsOf(account)).actions.map(({ name }) => name.replace('user.', '')).reverse();

test('what somebody does about their account is kept, and outlives it', async () => {
  const { user, accessToken } = await newUser('keeper');
  const { refreshToken } = await newSession('keeper');
  await updateProfile({ nickname: 'Another' }, accessToken);
  await signOut({ refreshToken });
  await signOut({ refreshToken });
  const changed = await changePassword({ currentPassword: PASSWORD, newPassword: 'another horse' }, accessToken);
  expect(changed.codes).toEqual([]);
  const done = await deleteAccount({ password: 'another horse' }, changed.data.changePassword.accessToken);
  expect(done.codes).toEqual([]);
  expect(await namesOf(user.id)).toEqual(['registered', 'signed-in', 'signed-out', 'password-changed', 'deleted']);
  const { actions } = await actionsOf(user.id);
  expect(actions[3]!.sessionId).toBe(actions[2]!.sessionId);
  expect(JSON.stringify(actions)).not.toMatch(/keeper|Another/);
});

test('a refresh token that is used twice is kept', async () => {
  const { user, refreshToken } = await newUser('stolen');
  await refreshSession({ refreshToken });
  expect((await refreshSession({ refreshToken })).codes).toEqual(['SESSION_ENDED']);
  expect(await namesOf(user.id)).toEqual(['registered', 'refresh-token-reused']);
});

test('what was refused, or changed nothing, is kept by nobody', async () => {
  const { user, accessToken } = await newUser('refused');
  await changePassword({ currentPassword: 'not this horse', newPassword: 'another horse' }, accessToken);
  await changePassword({ currentPassword: PASSWORD, newPassword: PASSWORD }, accessToken);
  await deleteAccount({ password: 'not this horse' }, accessToken);
  expect(await namesOf(user.id)).toEqual(['registered']);
});

test('the actions of many come in pages, the newest first', async () => {
  const { user } = await newUser('busy');
  await service.sql.query(
    `INSERT INTO account_action (id, name, source_kind, source_id, occurred_at, facts)
     SELECT gen_random_uuid(), 'user.signed-in', 'user', $1, timestamptz '2026-01-01' - n * interval '1 s', '{}'
     FROM generate_series(1, 200) AS n`,
    [user.id],
  );
  const first = await actionsOf(user.id.toUpperCase());
  const second = await actionsOf(user.id, first.next);
  const third = await actionsOf(user.id, second.next);
  expect([first, second, third].map(({ actions }) => actions.length)).toEqual([100, 100, 1]);
  expect(third.next).toBeNull();
  expect(new Set([first, second, third].flatMap(({ actions }) => actions.map(({ id }) => id))).size).toBe(201);
});

test.each(['UPDATE account_action SET name = $1', 'DELETE FROM account_action WHERE name = $1'])(
  'the database refuses %s',
  async (statement) => {
    const { user } = await newUser(`kept${statement.length}`);
    await expect(service.sql.query(statement, ['user.registered'])).rejects.toMatchObject({ code: '23001' });
    expect(await namesOf(user.id)).toEqual(['registered']);
  },
);

test('only an operator asks, and for an account by its id', async () => {
  expect((await fetch(`${service.url}/operator/account-actions?account=x`)).status).toBe(401);
  for (const query of ['', '?account=ann', "?account=' OR true --", '?account=&before=x']) {
    expect((await service.operator(`/operator/account-actions${query}`)).status).toBe(400);
  }
});
