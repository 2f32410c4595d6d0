import { liveSessionEnded } from '@kith/event-contracts';
import { eventually } from '@kith/local-servers';
import { createLog, GATEWAY_KEY_HEADER, parseConfig } from '@kith/service-kit';
import { afterAll, expect, test } from 'vitest';
import { startUserService } from '../start-user-service.ts';
import { accountOperations, PASSWORD, type TestSession } from '../testing/account-operations.ts';
import { GATEWAY_KEY, startUserServiceForTests } from '../testing/start-user-service-for-tests.ts';
import { userConfigSchema } from '../user-config.ts';

const service = await startUserServiceForTests();
afterAll(() => service[Symbol.asyncDispose]());
const { refreshSession, signOut, changePassword, deleteAccount, newUser, newSession, sessionOf } =
  accountOperations(service);

const sessionIdIn = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()).sid;
const refreshed = async ({ refreshToken }: Pick<TestSession, 'refreshToken'>) =>
  sessionOf(await refreshSession({ refreshToken }));
/** As a client does that is told to try again in a moment: so many at once take long on a busy machine. */
async function refreshedInTheEnd(session: Pick<TestSession, 'refreshToken'>): Promise<TestSession> {
  const answer = await eventually('it is its turn', async () => {
    const tried = await refreshSession({ refreshToken: session.refreshToken });
    return !tried.codes.includes('SERVICE_UNAVAILABLE') && tried;
  });
  return sessionOf(answer);
}
const codesOf = async ({ refreshToken }: Pick<TestSession, 'refreshToken'>) =>
  (await refreshSession({ refreshToken })).codes;
const me = async ({ accessToken }: TestSession) =>
  (await service.graphql('{ me { username } }', {}, accessToken)).data?.me?.username;
const tokensOf = async ({ accessToken }: TestSession) =>
  (await service.sql.query('SELECT used_at FROM refresh_token WHERE session_id = $1', [sessionIdIn(accessToken)])).rows;
/** Moves what happened to the session so far into the past. */
const passSeconds = async ({ accessToken }: TestSession, seconds: number) => {
  await service.sql.query(
    "UPDATE refresh_token SET used_at = used_at - $2 * interval '1 second' WHERE session_id = $1",
    [sessionIdIn(accessToken), seconds],
  );
};

/** Collects the announcements about a user from now on. */
function listenForEnds(userId: string): unknown[] {
  const heard: unknown[] = [];
  service.broker.listen(liveSessionEnded(userId), (payload) => heard.push(JSON.parse(payload)));
  return heard;
}

test('a refresh whose answer was lost may be repeated, and gives an equally good pair', async () => {
  const first = await newUser('lost_answer');
  const heard = listenForEnds(first.user.id);
  const lost = await refreshed(first);
  const again = await refreshed(first);
  expect(sessionIdIn(again.accessToken)).toBe(sessionIdIn(first.accessToken));
  expect([await me(lost), await me(again)]).toEqual(['lost_answer', 'lost_answer']);
  const next = await refreshed(again);
  expect(await me(next)).toBe('lost_answer');
  expect(heard).toEqual([]);
});

test.each([2, 3, 20])('%i refreshes at the same moment all succeed, and none of them is a dead end', async (count) => {
  const first = await newUser(`at_once_${count}`);
  const pairs = await Promise.all(Array.from({ length: count }, () => refreshedInTheEnd(first)));
  expect(await Promise.all(pairs.map(me))).toEqual(pairs.map(() => `at_once_${count}`));
  // All clients were given the same token, so they stay in step.
  expect(new Set(pairs.map(({ refreshToken }) => refreshToken)).size).toBe(1);
  expect(await tokensOf(first)).toHaveLength(2);
  const later = await Promise.all(pairs.map(refreshedInTheEnd));
  expect(await Promise.all(later.map(me))).toEqual(pairs.map(() => `at_once_${count}`));
});

test('two processes answer the same token alike', async () => {
  const other = await startUserService(
    parseConfig(userConfigSchema, service.env),
    createLog({ name: 'other', level: 'silent' }),
  );
  try {
    const first = await newUser('two_processes');
    const [here, there] = await Promise.all([refreshed(first), refreshedAt(other.url, first.refreshToken)]);
    expect(there.data?.refreshSession).toEqual({ refreshToken: here.refreshToken });
  } finally {
    await other.stop();
  }
});

test('once the successor has been used, reuse ends the family, newest token included, and gateways hear of it', async () => {
  const first = await newUser('robbed');
  const heard = listenForEnds(first.user.id);
  const bystander = await newSession('robbed');
  const second = await refreshed(first);
  const third = await refreshed(second);
  expect(await codesOf(first)).toEqual(['SESSION_ENDED']);
  await eventually('the end is announced', () => heard.length > 0);
  expect(heard).toEqual([{ sessionIds: [sessionIdIn(first.accessToken)] }]);
  expect([await codesOf(second), await codesOf(third)]).toEqual([['SESSION_ENDED'], ['SESSION_ENDED']]);
  expect(await me(await refreshed(bystander))).toBe('robbed');
});

test('of two who hold the same token, the one who comes after the grace ends the session of both', async () => {
  const first = await newUser('shared');
  const mine = await refreshed(first);
  const theirs = await refreshed(first);
  const next = await refreshed(mine);
  await passSeconds(first, 31);
  expect(await codesOf(theirs)).toEqual(['SESSION_ENDED']);
  expect(await codesOf(next)).toEqual(['SESSION_ENDED']);
});

test('a repeat within the grace is answered, one after it ends the family', async () => {
  const first = await newUser('slow');
  const second = await refreshed(first);
  await passSeconds(first, 25);
  expect((await refreshed(first)).refreshToken).toBe(second.refreshToken);
  await passSeconds(first, 6);
  expect(await codesOf(first)).toEqual(['SESSION_ENDED']);
  expect(await codesOf(second)).toEqual(['SESSION_ENDED']);
});

test('a repeat does not begin the grace anew, nor use anything', async () => {
  const first = await newUser('patient');
  const second = await refreshed(first);
  const before = await tokensOf(first);
  await refreshed(first);
  expect(await tokensOf(first)).toEqual(before);
  await passSeconds(first, 31);
  // The successor waits as long as it likes.
  expect(await me(await refreshed(second))).toBe('patient');
});

test('that the access token of the successor was used makes no difference: who uses it may not be who repeats', async () => {
  const first = await newUser('reading');
  const second = await refreshed(first);
  expect(await me(second)).toBe('reading');
  expect(await me(await refreshed(first))).toBe('reading');
});

test('a session that was signed out in between stays ended', async () => {
  const first = await newUser('left');
  const second = await refreshed(first);
  await signOut({ refreshToken: second.refreshToken });
  expect([await codesOf(first), await codesOf(second)]).toEqual([['SESSION_ENDED'], ['SESSION_ENDED']]);
});

test('a password that was changed in between has used the successor', async () => {
  const first = await newUser('careful');
  const second = await refreshed(first);
  const input = { currentPassword: PASSWORD, newPassword: 'another horse battery' };
  const renewed = sessionOf(await changePassword(input, second.accessToken));
  expect(await codesOf(first)).toEqual(['SESSION_ENDED']);
  expect(await codesOf(renewed)).toEqual(['SESSION_ENDED']);
});

test('what a change of password has used up gives nothing, also within the grace', async () => {
  const first = await newUser('cautious');
  const input = { currentPassword: PASSWORD, newPassword: 'another horse battery' };
  sessionOf(await changePassword(input, first.accessToken));
  expect(await codesOf(first)).toEqual(['SESSION_ENDED']);
});

test('an account that was deleted in between is gone', async () => {
  const first = await newUser('gone');
  const second = await refreshed(first);
  expect((await deleteAccount({ password: PASSWORD }, second.accessToken)).codes).toEqual([]);
  expect(await codesOf(first)).toEqual(['SESSION_ENDED']);
});

test('a session that expired in between is not revived', async () => {
  const first = await newUser('expired');
  await refreshed(first);
  const id = sessionIdIn(first.accessToken);
  await service.sql.query("UPDATE session SET expires_at = now() - interval '1 second' WHERE id = $1", [id]);
  expect(await codesOf(first)).toEqual(['SESSION_ENDED']);
});

test('a token that was used before there was a grace ends its session as ever', async () => {
  const first = await newUser('old_release');
  await refreshed(first);
  const id = sessionIdIn(first.accessToken);
  await service.sql.query('UPDATE refresh_token SET successor_salt = NULL WHERE session_id = $1', [id]);
  expect(await codesOf(first)).toEqual(['SESSION_ENDED']);
});

test('what is stored of a token and its successor gives neither', async () => {
  const first = await newUser('stored');
  const second = await refreshed(first);
  const { rows } = await service.sql.query('SELECT * FROM refresh_token WHERE session_id = $1', [
    sessionIdIn(first.accessToken),
  ]);
  const stored = rows
    .flatMap((row) => Object.values(row))
    .map((value) => (Buffer.isBuffer(value) ? value.toString('base64url') : String(value)));
  for (const { refreshToken } of [first, second]) expect(stored).not.toContain(refreshToken);
});

test('without a grace the second use ends the session', async () => {
  const strict = await startUserService(
    parseConfig(userConfigSchema, { ...service.env, REFRESH_GRACE_S: '0' }),
    createLog({ name: 'strict', level: 'silent' }),
  );
  try {
    const { refreshToken } = await newUser('strict');
    const answers = await Promise.all([1, 2].map(() => refreshedInTurn(strict.url, refreshToken)));
    const codes = answers.flatMap(({ errors = [] }) => errors.map(({ extensions }) => extensions.code));
    expect(codes).toEqual(['SESSION_ENDED']);
  } finally {
    await strict.stop();
  }
});

const refreshedInTurn = (url: string, refreshToken: string) =>
  eventually('it is its turn', async () => {
    const answer = await refreshedAt(url, refreshToken);
    return !answer.errors?.some(({ extensions }) => extensions.code === 'SERVICE_UNAVAILABLE') && answer;
  });

async function refreshedAt(url: string, refreshToken: string) {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', [GATEWAY_KEY_HEADER]: GATEWAY_KEY },
    body: JSON.stringify({
      query: 'mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { refreshToken } }',
      variables: { input: { refreshToken } },
    }),
  });
  return (await response.json()) as {
    data?: { refreshSession: { refreshToken: string } };
    errors?: { extensions: { code: string } }[];
  };
}
