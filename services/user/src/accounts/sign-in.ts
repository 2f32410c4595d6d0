import { keepSessionAction } from '../account-actions/account-action.ts';
import { UserRuleError } from '../domain/user-rule-error.ts';
import { normalizedPassword, SHORTEST_IMPORTED_USERNAME, writtenUsername } from '../domain/written-text.ts';
import { sqlIn } from '../parts/sql-in-prisma-transaction.ts';
import type { UserServiceParts } from '../parts/user-service-parts.ts';
import type { UserRow } from '../profiles/user-row.ts';
import { userRowOf } from '../profiles/user-row.ts';
import { type IssuedSession, issueSession, type SessionTokens, startSession } from '../sessions/issue-session.ts';

/**
 * Starts a session. UserRuleError INVALID_CREDENTIALS, in the same words and the same time, whether the username is
 * unknown, impossible, or the password wrong; after too many of those KithError RATE_LIMITED, whether or not the
 * username exists.
 */
export async function signIn(
  parts: UserServiceParts,
  input: { username: string; password: string },
  address: string | null,
): Promise<IssuedSession> {
  const { user, tokens } = await parts.attempts.guard({ account: input.username.trim(), address }, () =>
    startSessionFor(parts, input),
  );
  return issueSession(parts, user, tokens);
}

async function startSessionFor(
  parts: UserServiceParts,
  input: { username: string; password: string },
): Promise<{ user: UserRow; tokens: SessionTokens }> {
  const username = usernameOf(input.username);
  const user = username === null ? null : await parts.prisma.user.findUnique({ where: { username } });
  const matches = await parts.passwords.verify(user?.passwordHash ?? null, normalizedPassword(input.password));
  if (!user || !matches) throw invalidCredentials();

  const inTransaction = () =>
    parts.prisma.$transaction(async (tx) => {
      // The password may have been changed during the check, which ended all sessions: this one must not outlive it.
      const unchanged = await tx.$queryRaw<unknown[]>`
        SELECT FROM users WHERE id = ${user.id}::uuid AND password_hash = ${user.passwordHash} FOR SHARE`;
      if (unchanged.length === 0) throw invalidCredentials();
      const started = await startSession(parts, tx, user.id);
      await keepSessionAction(sqlIn(tx), 'user.signed-in', { id: started.sessionId, userId: user.id }, parts.moment());
      return started;
    });
  const tokens = await parts.inTurn([user.id], inTransaction);
  return { user: userRowOf(user), tokens };
}

export function invalidCredentials(): UserRuleError {
  return new UserRuleError('INVALID_CREDENTIALS', 'Username and password do not belong together.');
}

function usernameOf(text: string): string | null {
  try {
    return writtenUsername(text, SHORTEST_IMPORTED_USERNAME);
  } catch {
    return null;
  }
}
