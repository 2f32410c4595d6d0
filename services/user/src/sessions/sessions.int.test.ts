import { liveSessionEnded } from '@kith/event-contracts';
import { eventually } from '@kith/local-servers';
import { createTokenVerifier } from '@kith/service-kit';
import { decodeProtectedHeader } from 'jose';
import { afterAll, expect, test } from 'vitest';
import { accountOperations, PASSWORD } from '../testing/account-operations.ts';
import { startUserServiceForTests } from '../testing/start-user-service-for-tests.ts';
import { forgetExpiredSessions } from './forget-expired-sessions.ts';

const service = await startUserServiceForTests();
afterAll(() => service[Symbol.asyncDispose]());
const { refreshSession, signOut, changePassword, signIn, updateProfile, newUser, newSession, sessionOf } =
  accountOperations(service);

/** Collects the announcements about a user from now on. */
function listenForEnds(userId: string): unknown[] {
  const heard: unknown[] = [];
  service.broker.listen(liveSessionEnded(userId), (payload) => heard.push(JSON.parse(payload)));
  return heard;
}

const sessionIdIn = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()).sid;

test('an access token verifies against the published key set', async () => {
  const { accessToken, user } = await newUser('verified');
  const response = await fetch(`${service.url}/.well-known/jwks.json`);
  expect(response.headers.get('cache-control')).toMatch(/^public, max-age=\d+$/);
  const { keys } = (await response.json()) as { keys: { kid: string; d?: string }[] };
  expect(keys).toEqual([expect.not.objectContaining({ d: expect.anything() })]);
  expect(decodeProtectedHeader(accessToken)).toEqual({ alg: 'EdDSA', kid: keys[0]!.kid, typ: 'JWT' });

  const verify = createTokenVerifier({ issuerUrls: [service.url] });
  expect(await verify(`Bearer ${accessToken}`)).toMatchObject({ userId: user.id, sessionId: sessionIdIn(accessToken) });
});

test('a refresh token works once and gives the next', async () => {
  const first = await newUser('refreshed');
  const second = sessionOf(await refreshSession({ refreshToken: first.refreshToken }));
  const third = sessionOf(await refreshSession({ refreshToken: second.refreshToken }));
  expect(new Set([first, second, third].map(({ refreshToken }) => refreshToken)).size).toBe(3);
  expect(sessionIdIn(third.accessToken)).toBe(sessionIdIn(first.accessToken));
  expect(third.user.username).toBe('refreshed');
});

test.each(['', 'nonsense', 'x'.repeat(10_000)])('the refresh token "%.20s" is of no session', async (refreshToken) => {
  expect((await refreshSession({ refreshToken })).codes).toEqual(['SESSION_ENDED']);
  expect((await signOut({ refreshToken })).data).toEqual({ signOut: { signedOut: true } });
});

test('signing out ends the session once, however often it is asked', async () => {
  const { refreshToken, accessToken, user } = await newUser('leaving');
  const heard = listenForEnds(user.id);
  for (let n = 0; n < 3; n += 1) {
    expect((await signOut({ refreshToken })).data).toEqual({ signOut: { signedOut: true } });
  }
  await eventually('the end is announced', () => heard.length > 0);
  expect(heard).toEqual([{ sessionIds: [sessionIdIn(accessToken)] }]);
  expect((await refreshSession({ refreshToken })).codes).toEqual(['SESSION_ENDED']);
});

test('an ended session changes nothing any more, though its access token has not expired', async () => {
  const { refreshToken, accessToken } = await newUser('revoked');
  await signOut({ refreshToken });
  expect((await updateProfile({ nickname: 'Still here' }, accessToken)).codes).toEqual(['SESSION_ENDED']);
  const answer = await changePassword({ currentPassword: PASSWORD, newPassword: 'another horse' }, accessToken);
  expect(answer.codes).toEqual(['SESSION_ENDED']);
  expect((await signIn({ username: 'revoked', password: PASSWORD })).codes).toEqual([]);
});

test('a new password ends the other sessions and renews this one', async () => {
  const here = await newUser('changing');
  const elsewhere = await newSession('changing');
  const heard = listenForEnds(here.user.id);
  const input = { currentPassword: PASSWORD, newPassword: 'another horse battery' };
  const renewed = sessionOf(await changePassword(input, here.accessToken));

  expect(sessionIdIn(renewed.accessToken)).toBe(sessionIdIn(here.accessToken));
  expect((await refreshSession({ refreshToken: elsewhere.refreshToken })).codes).toEqual(['SESSION_ENDED']);
  await eventually('the end is announced', () => heard.length > 0);
  expect(heard).toEqual([{ sessionIds: [sessionIdIn(elsewhere.accessToken)] }]);
  expect((await signIn({ username: 'changing', password: PASSWORD })).codes).toEqual(['INVALID_CREDENTIALS']);
  expect((await newSession('changing', input.newPassword)).user.id).toBe(here.user.id);
  expect(sessionOf(await refreshSession({ refreshToken: renewed.refreshToken })).user.id).toBe(here.user.id);
});

test('a change of password may be repeated: it is the same password, and other sessions stay', async () => {
  const { accessToken } = await newUser('repeating');
  const input = { currentPassword: PASSWORD, newPassword: 'another horse battery' };
  await changePassword(input, accessToken);
  const other = await newSession('repeating', input.newPassword);
  expect(sessionOf(await changePassword(input, accessToken)).user.username).toBe('repeating');
  expect(sessionOf(await refreshSession({ refreshToken: other.refreshToken })).user.username).toBe('repeating');
});

test.each([
  [{ currentPassword: 'wrong horse battery', newPassword: 'another horse' }, { code: 'INVALID_CREDENTIALS' }],
  [
    { currentPassword: PASSWORD, newPassword: 'short' },
    { code: 'BAD_USER_INPUT', field: 'newPassword', limit: 8 },
  ],
])('the change of password %o is refused', async (input, extensions) => {
  const { accessToken } = await newSession('steady').catch(() => newUser('steady'));
  expect((await changePassword(input, accessToken)).errors[0]?.extensions).toEqual(extensions);
  expect((await signIn({ username: 'steady', password: PASSWORD })).codes).toEqual([]);
});

test('expired sessions are forgotten, with their tokens', async () => {
  const { refreshToken, accessToken } = await newUser('forgotten');
  const id = sessionIdIn(accessToken);
  await service.sql.query("UPDATE session SET expires_at = now() - interval '1 minute' WHERE id = $1", [id]);
  expect((await refreshSession({ refreshToken })).codes).toEqual(['SESSION_ENDED']);
  expect(await forgetExpiredSessions(service.sql, new Date())).toBe(1);
  expect((await service.sql.query('SELECT FROM refresh_token WHERE session_id = $1', [id])).rows).toEqual([]);
});
