import { UserRuleError } from '../domain/user-rule-error.ts';
import { normalizedPassword, SHORTEST_IMPORTED_USERNAME, writtenUsername } from '../domain/written-text.ts';
import { userRowOf } from '../profiles/user-row.ts';
import { type IssuedSession, issueSession, startSession } from '../sessions/issue-session.ts';
import type { UserServiceParts } from '../user-service-parts.ts';

/**
 * Starts a session. UserRuleError INVALID_CREDENTIALS, in the same words and the same time, whether the username is
 * unknown, impossible, or the password wrong.
 */
export async function signIn(
  parts: UserServiceParts,
  input: { username: string; password: string },
): Promise<IssuedSession> {
  const username = usernameOf(input.username);
  const user = username === null ? null : await parts.prisma.user.findUnique({ where: { username } });
  const matches = await parts.passwords.verify(user?.passwordHash ?? null, normalizedPassword(input.password));
  if (!user || !matches) throw invalidCredentials();

  const tokens = await parts.prisma.$transaction(async (tx) => {
    // While the password was checked it may have been changed, which ended all sessions: this one must not outlive it.
    const unchanged = await tx.$queryRaw<unknown[]>`
      SELECT FROM users WHERE id = ${user.id}::uuid AND password_hash = ${user.passwordHash} FOR SHARE`;
    if (unchanged.length === 0) throw invalidCredentials();
    return startSession(parts, tx, user.id);
  });
  return issueSession(parts, userRowOf(user), tokens);
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
