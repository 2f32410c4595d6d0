import { liveSessionEnded } from '@kith/event-contracts';
import { eventually } from '@kith/local-servers';
import { afterAll, expect, test } from 'vitest';
import { accountOperations, PASSWORD } from '../testing/account-operations.ts';
import { startUserServiceForTests } from '../testing/start-user-service-for-tests.ts';

const service = await startUserServiceForTests();
afterAll(() => service[Symbol.asyncDispose]());
const { updateProfile, deleteAccount, refreshSession, signIn, newUser, newSession } = accountOperations(service);

/** Everything the outbox says of a user, oldest first. */
async function eventsOf(userId: string) {
  const { rows } = await service.sql.query(
    'SELECT type, revision::int, payload FROM outbox WHERE owner_id = $1 ORDER BY revision',
    [userId],
  );
  return rows as { type: string; revision: number; payload: { before?: object; after?: object } }[];
}

test('a changed profile is the next revision, with before and after, in the same transaction', async () => {
  const { accessToken, user } = await newUser('changer', 'Before');
  const input = { nickname: 'After', avatarUrl: 'https://example.org/a.png', friendPolicy: 'OPEN' };
  expect((await updateProfile(input, accessToken)).data).toEqual({ updateProfile: { user: input } });
  const before = { username: 'changer', nickname: 'Before', avatarUrl: null, friendPolicy: 'APPROVAL' };
  expect((await eventsOf(user.id)).at(-1)).toEqual({
    type: 'kith.user.profile-changed.v1',
    revision: 2,
    payload: { before, after: { username: 'changer', ...input } },
  });
});

test('an update that changes nothing changes nothing and publishes nothing', async () => {
  const { accessToken, user } = await newUser('idle', 'Idle');
  const input = { nickname: ' Idle2 ', friendPolicy: 'CLOSED' };
  const answers = [await updateProfile(input, accessToken), await updateProfile(input, accessToken)];
  expect(answers[0]).toEqual(answers[1]);
  expect((await updateProfile({}, accessToken)).codes).toEqual([]);
  expect((await eventsOf(user.id)).map(({ revision }) => revision)).toEqual([1, 2]);
});

test('twenty updates at once are twenty revisions without a hole', async () => {
  const { accessToken, user } = await newUser('busy');
  const nicknames = Array.from({ length: 20 }, (_, n) => `Busy ${n}`);
  const answers = await Promise.all(nicknames.map((nickname) => updateProfile({ nickname }, accessToken)));
  expect(answers.flatMap(({ codes }) => codes)).toEqual([]);
  const events = await eventsOf(user.id);
  expect(events.map(({ revision }) => revision)).toEqual(Array.from({ length: 21 }, (_, n) => n + 1));
  // Each starts where the one before it ended: no update was lost.
  for (const [n, event] of events.slice(2).entries()) {
    expect(event.payload.before).toEqual(events[n + 1]!.payload.after);
  }
});

test('a transaction that fails leaves neither the change nor its event', async () => {
  const { accessToken, user } = await newUser('unlucky', 'Unlucky');
  // The place of the next event is taken: appending it violates the outbox's unique index.
  await service.sql.query(
    `INSERT INTO outbox (event_id, owner_id, revision, type, subject, payload, occurred_at, published_at)
     VALUES (gen_random_uuid(), $1, 2, 'kith.test.v1', 'user.test.x', '{}', now(), now())`,
    [user.id],
  );
  expect((await updateProfile({ nickname: 'Lucky' }, accessToken)).codes).toEqual(['INTERNAL_SERVER_ERROR']);
  const { rows } = await service.sql.query('SELECT nickname, version FROM users WHERE id = $1', [user.id]);
  expect(rows).toEqual([{ nickname: 'Unlucky', version: 1 }]);
  expect((await service.sql.query("SELECT FROM user_word WHERE word = 'lucky'")).rows).toEqual([]);
  expect((await eventsOf(user.id)).map(({ type }) => type)).toEqual(['kith.user.registered.v1', 'kith.test.v1']);
});

test.each([
  [{ nickname: '' }, { field: 'nickname', limit: 1 }],
  [{ nickname: null }, { field: 'nickname' }],
  [{ friendPolicy: null }, { field: 'friendPolicy' }],
  [{ avatarUrl: 'javascript:alert(1)' }, { field: 'avatarUrl' }],
])('the update %o is refused', async (input, where) => {
  const { accessToken } = await newSession('strict').catch(() => newUser('strict'));
  const { errors } = await updateProfile(input, accessToken);
  expect(errors[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', ...where });
});

test('null clears the avatar', async () => {
  const { accessToken } = await newUser('faceless');
  await updateProfile({ avatarUrl: 'https://example.org/a.png' }, accessToken);
  const { data } = await updateProfile({ avatarUrl: null }, accessToken);
  expect(data.updateProfile.user.avatarUrl).toBeNull();
});

test('nobody can change anything', async () => {
  for (const answer of [await updateProfile({ nickname: 'x' }), await deleteAccount({ password: PASSWORD })]) {
    expect(answer.codes).toEqual(['UNAUTHENTICATED']);
  }
});

test('a deleted account is erased for everybody, and tells so once', async () => {
  const [gone, other] = [await newUser('gone', 'Gone Girl'), await newUser('staying')];
  const heard: unknown[] = [];
  service.broker.listen(liveSessionEnded(gone.user.id), (payload) => heard.push(JSON.parse(payload)));
  for (let n = 0; n < 2; n += 1) {
    expect((await deleteAccount({ password: PASSWORD }, gone.accessToken)).data).toEqual({
      deleteAccount: { deleted: true },
    });
  }

  expect((await eventsOf(gone.user.id)).map(({ type }) => type)).toEqual([
    'kith.user.registered.v1',
    'kith.user.deleted.v1',
  ]);
  await eventually('the end of all sessions is announced', () => heard.length > 0);
  expect(heard).toEqual([{ all: true }]);
  expect((await service.graphql('{ me { id } }', {}, gone.accessToken)).codes).toEqual(['SESSION_ENDED']);
  expect((await refreshSession({ refreshToken: gone.refreshToken })).codes).toEqual(['SESSION_ENDED']);
  expect((await signIn({ username: 'gone', password: PASSWORD })).codes).toEqual(['INVALID_CREDENTIALS']);
  const seen = await service.graphql(
    'query ($id: ID!) { user(id: $id) { id } searchUsers(text: "gone") { edges { node { id } } } }',
    { id: gone.user.id },
    other.accessToken,
  );
  expect(seen.data).toEqual({ user: null, searchUsers: { edges: [] } });

  const { rows } = await service.sql.query('SELECT to_jsonb(users) AS row FROM users WHERE id = $1', [gone.user.id]);
  expect(rows[0].row).toMatchObject({
    username: null,
    nickname: '',
    avatar_url: null,
    password_hash: null,
    version: 2,
  });
});

test('the username of a deleted account is free again, for somebody else', async () => {
  const before = await newUser('phoenix');
  await deleteAccount({ password: PASSWORD }, before.accessToken);
  expect((await newUser('phoenix')).user.id).not.toBe(before.user.id);
});

test('a wrong password deletes nothing', async () => {
  const { accessToken } = await newUser('careful');
  const answer = await deleteAccount({ password: 'wrong horse battery' }, accessToken);
  expect(answer.codes).toEqual(['INVALID_CREDENTIALS']);
  expect((await newSession('careful')).user.username).toBe('careful');
});
