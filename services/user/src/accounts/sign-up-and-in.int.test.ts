import { USER_STREAM } from '@kith/event-contracts';
import { eventually } from '@kith/local-servers';
import { verify } from '@node-rs/argon2';
import { afterAll, expect, test, vi } from 'vitest';
import { accountOperations, PASSWORD } from '../testing/account-operations.ts';
import { startUserServiceForTests } from '../testing/start-user-service-for-tests.ts';

// As it is, and counted.
vi.mock('@node-rs/argon2', async (importOriginal) => {
  const argon2 = await importOriginal<typeof import('@node-rs/argon2')>();
  return { ...argon2, verify: vi.fn(argon2.verify) };
});

const service = await startUserServiceForTests();
afterAll(() => service[Symbol.asyncDispose]());
const { signUp, signIn, newUser, newSession } = accountOperations(service);

const ME = '{ me { id username nickname friendPolicy } }';

test('a new user is signed in, and so they are when they come back', async () => {
  const session = await newUser('Ann', ' Ann Bell ');
  expect(session.user).toMatchObject({ username: 'ann', nickname: 'Ann Bell', avatarUrl: null });
  expect(session.user.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  expect(Date.parse(session.expiresAt) - Date.now()).toBeGreaterThan(600_000);

  const again = await newSession(' ANN ');
  const me = { id: session.user.id, username: 'ann', nickname: 'Ann Bell', friendPolicy: 'APPROVAL' };
  for (const { accessToken } of [session, again]) {
    expect((await service.graphql(ME, {}, accessToken)).data).toEqual({ me });
  }
});

test('the password is stored as argon2id, the refresh token as a hash', async () => {
  const { refreshToken } = await newUser('secretive');
  const { rows } = await service.sql.query("SELECT password_hash FROM users WHERE username = 'secretive'");
  expect(rows[0].password_hash).toMatch(/^\$argon2id\$/);
  const tokens = await service.sql.query('SELECT hash FROM refresh_token');
  expect(tokens.rows.map(({ hash }) => Buffer.from(hash).toString('base64url'))).not.toContain(refreshToken);
});

test('a registered user is announced to other services, as revision 1', async () => {
  const { user } = await newUser('announced');
  const event = await eventually('the event is in the stream', async () => {
    for await (const { subject, payload } of service.broker.stored(USER_STREAM)) {
      if (subject === `user.registered.${user.id}`) return JSON.parse(new TextDecoder().decode(payload));
    }
  });
  expect(event).toMatchObject({
    type: 'kith.user.registered.v1',
    subject: user.id,
    revision: 1,
    traceparent: expect.any(String),
    data: { username: 'announced', nickname: 'announced', avatarUrl: null, friendPolicy: 'APPROVAL' },
  });
});

test('of ten sign-ups for one name at the same moment one succeeds, and one event tells of it', async () => {
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, n) => signUp({ username: 'wanted', password: PASSWORD, nickname: `No ${n}` })),
  );
  expect(answers.filter(({ data }) => data)).toHaveLength(1);
  expect(answers.flatMap(({ codes }) => codes)).toEqual(Array(9).fill('USERNAME_TAKEN'));
  const { rows } = await service.sql.query(`
    SELECT count(*)::int AS events FROM outbox WHERE payload ->> 'username' = 'wanted'`);
  expect(rows).toEqual([{ events: 1 }]);
});

test('a wrong password, an unknown and an impossible name are answered alike', async () => {
  await newUser('guarded');
  const answers = await Promise.all([
    signIn({ username: 'guarded', password: 'wrong horse battery' }),
    signIn({ username: 'nobody_here', password: PASSWORD }),
    signIn({ username: 'a\u0000b ', password: PASSWORD }),
    signIn({ username: 'guarded', password: '' }),
  ]);
  expect(answers.map(({ codes }) => codes)).toEqual(Array(4).fill(['INVALID_CREDENTIALS']));
  expect(new Set(answers.map(({ errors }) => errors[0]?.message)).size).toBe(1);
});

test('an unknown name costs the same work as a wrong password', async () => {
  await newUser('timed');
  const costs: (string | undefined)[] = [];
  for (const username of ['timed', 'untimed', 'no such name']) {
    vi.mocked(verify).mockClear();
    const { codes } = await signIn({ username, password: 'wrong horse battery' });
    expect(codes).toEqual(['INVALID_CREDENTIALS']);
    costs.push(...vi.mocked(verify).mock.calls.map(([hash]) => /^\$argon2id\$v=19\$[^$]+/.exec(String(hash))?.[0]));
  }
  expect(costs).toEqual(Array(3).fill('$argon2id$v=19$m=19456,t=2,p=1'));
});

test.each([
  [{ username: 'ab' }, 'username', 3],
  [{ username: 'x'.repeat(33) }, 'username', 32],
  [{ username: 'no-dash' }, 'username', undefined],
  [{ nickname: ' ' }, 'nickname', 1],
  [{ nickname: 'x'.repeat(65) }, 'nickname', 64],
  [{ nickname: 'a\u0000b' }, 'nickname', undefined],
  [{ password: 'short' }, 'password', 8],
  [{ password: 'x'.repeat(129) }, 'password', 128],
  [{ avatarUrl: 'http://example.org/a.png' }, 'avatarUrl', undefined],
])('%o is refused with its field and limit', async (wrong, field, limit) => {
  const answer = await signUp({ username: 'not_yet', password: PASSWORD, nickname: 'Not Yet', ...wrong });
  expect(answer.errors[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field, ...(limit ? { limit } : {}) });
  const { rows } = await service.sql.query("SELECT FROM users WHERE username = 'not_yet'");
  expect(rows).toEqual([]);
});

test.each(['安娜', 'أحمد بن علي', '👩‍👩‍👧‍👦 Fam', "Robert'); DROP TABLE users;--"])(
  'the nickname %s is kept as it is',
  async (nickname) => {
    const username = `name_${Math.random().toString(36).slice(2, 10)}`;
    expect((await newUser(username, nickname)).user.nickname).toBe(nickname);
  },
);

test('nobody is nobody: me is null, everything else asks for a token', async () => {
  const { user } = await newUser('watched');
  expect((await service.graphql(ME)).data).toEqual({ me: null });
  const others = [`{ user(id: "${user.id}") { id } }`, '{ searchUsers(text: "a") { edges { cursor } } }'];
  for (const query of others) expect((await service.graphql(query)).codes).toEqual(['UNAUTHENTICATED']);
});

test('a user is found by id, a malformed id is refused', async () => {
  const { accessToken, user } = await newUser('found');
  const read = (id: string) => service.graphql('query ($id: ID!) { user(id: $id) { username } }', { id }, accessToken);
  expect((await read(user.id.toUpperCase())).data).toEqual({ user: { username: 'found' } });
  expect((await read('01970000-0000-7000-8000-000000000000')).data).toEqual({ user: null });
  expect((await read('7')).errors[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'id' });
});

test('a friend policy is the user’s own to read', async () => {
  const [reader, other] = [await newUser('reader'), await newUser('private')];
  const answer = await service.graphql(`{ user(id: "${other.user.id}") { friendPolicy } }`, {}, reader.accessToken);
  expect([answer.data, answer.codes]).toEqual([{ user: null }, ['FORBIDDEN']]);
});

test('who has just signed in may read their own policy in the same request', async () => {
  await newUser('curious');
  const input = { username: 'curious', password: PASSWORD };
  const { data } = await service.graphql(
    'mutation ($input: SignInInput!) { signIn(input: $input) { user { friendPolicy } } }',
    { input },
  );
  expect(data).toEqual({ signIn: { user: { friendPolicy: 'APPROVAL' } } });
});

test('a batch of entities is answered in its order, and nobody is null among them', async () => {
  const [one, two] = [await newUser('entity_one'), await newUser('entity_two')];
  const representations = [one.user.id, 'not-an-id', two.user.id, one.user.id].map((id) => ({
    __typename: 'User',
    id,
  }));
  const { data } = await service.graphql(
    'query ($r: [_Any!]!) { _entities(representations: $r) { ... on User { username } } }',
    { r: representations },
    one.accessToken,
  );
  const names = [{ username: 'entity_one' }, null, { username: 'entity_two' }, { username: 'entity_one' }];
  expect(data).toEqual({ _entities: names });
});
