import type { Viewer } from '@kith/service-kit';
import { normalizedPassword, writtenPassword } from '../domain/written-text.ts';
import type { UserServiceParts } from '../parts/user-service-parts.ts';
import { type IssuedSession, issueSession, renewSession } from '../sessions/issue-session.ts';
import { sessionEnded } from '../sessions/refresh-session.ts';
import { changeOwnAccount } from './change-own-account.ts';
import { invalidCredentials } from './sign-in.ts';

/**
 * Sets a new password, ends the viewer's other sessions and gives this one new tokens. Idempotent: a repeat only gives
 * new tokens. UserRuleError INVALID_CREDENTIALS, BAD_USER_INPUT, SESSION_ENDED; KithError RATE_LIMITED.
 */
export async function changePassword(
  parts: UserServiceParts,
  viewer: Viewer,
  input: { currentPassword: string; newPassword: string },
  address: string | null,
): Promise<IssuedSession> {
  const wanted = writtenPassword('newPassword', input.newPassword);
  const before = await parts.prisma.user.findUnique({ where: { id: viewer.userId } });
  const stored = before?.passwordHash ?? null;
  const alreadyDone = await parts.attempts.guard({ account: viewer.userId, address }, async () => {
    if (await parts.passwords.verify(stored, wanted)) return true;
    if (await parts.passwords.verify(stored, normalizedPassword(input.currentPassword))) return false;
    throw invalidCredentials();
  });
  const passwordHash = alreadyDone ? null : await parts.passwords.hash(wanted);

  const { user, result: tokens } = await changeOwnAccount(parts, viewer, async (account, { row, tx, unit }) => {
    // Hashing is slow and happens outside the transaction: somebody may have changed the password meanwhile.
    if (row.passwordHash !== stored) throw invalidCredentials();
    const { now } = parts.moment();
    if (passwordHash !== null) {
      account.passwordChanged(parts.moment());
      await tx.user.update({ where: { id: row.id }, data: { passwordHash } });
    }
    const ended =
      passwordHash === null
        ? []
        : await tx.session.updateManyAndReturn({
            where: { userId: row.id, endedAt: null, id: { not: viewer.sessionId } },
            data: { endedAt: now },
            select: { id: true },
          });
    await tx.refreshToken.updateMany({ where: { sessionId: viewer.sessionId, usedAt: null }, data: { usedAt: now } });
    const sessionIds = ended.map(({ id }) => id);
    if (ended.length > 0) unit.scope.on('user.password-changed', () => parts.sessionsEnded(row.id, { sessionIds }));
    const tokens = await renewSession(parts, tx, viewer.sessionId);
    if (!tokens) throw sessionEnded();
    return tokens;
  });
  return issueSession(parts, user, tokens);
}
