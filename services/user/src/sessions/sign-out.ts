import { keepSessionAction } from '../account-actions/account-action.ts';
import { sqlIn } from '../parts/sql-in-prisma-transaction.ts';
import type { UserServiceParts } from '../parts/user-service-parts.ts';
import { hashOf } from './refresh-tokens.ts';

/**
 * Ends the session that the refresh token belongs to. An unknown token, or one of an ended session, changes nothing.
 */
export async function signOut(parts: UserServiceParts, refreshToken: string): Promise<void> {
  const hash = hashOf(refreshToken);
  const moment = parts.moment();
  const inTransaction = () =>
    parts.prisma.$transaction(async (tx) => {
      const [session] = await tx.session.updateManyAndReturn({
        where: { tokens: { some: { hash } }, endedAt: null },
        data: { endedAt: moment.now },
      });
      if (session) await keepSessionAction(sqlIn(tx), 'user.signed-out', session, moment);
      return session;
    });
  const ended = await parts.inTurn([hash.toString()], inTransaction);
  if (ended) parts.sessionsEnded(ended.userId, { sessionIds: [ended.id] });
}
