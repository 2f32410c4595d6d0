import type { Viewer } from '@kith/service-kit';
import { normalizedPassword } from '../domain/written-text.ts';
import type { UserServiceParts } from '../parts/user-service-parts.ts';
import { changeOwnAccount } from './change-own-account.ts';
import { invalidCredentials } from './sign-in.ts';

/**
 * Erases the viewer's account and ends every session. A tombstone with id and last version stays, so that copies can be
 * told that they are out of date. Idempotent: a repeat does nothing. UserRuleError INVALID_CREDENTIALS, SESSION_ENDED;
 * KithError RATE_LIMITED.
 */
export async function deleteAccount(
  parts: UserServiceParts,
  viewer: Viewer,
  password: string,
  address: string | null,
): Promise<void> {
  const before = await parts.prisma.user.findUnique({ where: { id: viewer.userId } });
  if (before?.deletedAt) return;
  const stored = before?.passwordHash ?? null;
  await parts.attempts.guard({ account: viewer.userId, address }, async () => {
    if (!(await parts.passwords.verify(stored, normalizedPassword(password)))) throw invalidCredentials();
  });

  await changeOwnAccount(parts, viewer, async (account, { row, tx, unit }) => {
    if (row.passwordHash !== stored) throw invalidCredentials();
    account.delete(parts.moment());
    unit.scope.on('user.deleted', () => parts.sessionsEnded(viewer.userId, { all: true }));
    // Deleting the sessions deletes their tokens; a token presented later is unknown, which is also SESSION_ENDED.
    await tx.session.deleteMany({ where: { userId: row.id } });
  });
}
