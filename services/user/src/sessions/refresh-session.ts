import { UserRuleError } from '../domain/user-rule-error.ts';
import { userRowOf } from '../profiles/user-row.ts';
import type { UserServiceParts } from '../user-service-parts.ts';
import { type IssuedSession, issueSession, renewSession } from './issue-session.ts';
import { hashOf } from './refresh-tokens.ts';

/**
 * New tokens for a refresh token, which then is used up (rotation, RFC 9700 section 4.14.2). A used one shows that two
 * hold the same token: its session ends, whoever of the two comes second. UserRuleError SESSION_ENDED for that, and for
 * a token that is unknown, expired, or of a session that has ended.
 */
export async function refreshSession(parts: UserServiceParts, refreshToken: string): Promise<IssuedSession> {
  const hash = hashOf(refreshToken);
  const { now } = parts.moment();

  const inTransaction = () =>
    parts.prisma.$transaction(async (tx) => {
      // The update's row lock makes two uses at once come one after the other.
      const used = await tx.refreshToken.updateMany({ where: { hash, usedAt: null }, data: { usedAt: now } });
      const session = await tx.session.findFirst({ where: { tokens: { some: { hash } } }, include: { user: true } });
      if (!session || session.endedAt || session.expiresAt <= now) throw sessionEnded();
      if (used.count === 0) {
        await tx.session.update({ where: { id: session.id }, data: { endedAt: now } });
        return { reused: session };
      }
      const tokens = await renewSession(parts, tx, session.id);
      if (!tokens) throw sessionEnded();
      return { tokens, user: userRowOf(session.user) };
    });
  const outcome = await parts.inTurn([hash.toString()], inTransaction);

  if ('reused' in outcome) {
    parts.sessionsEnded(outcome.reused.userId, { sessionIds: [outcome.reused.id] });
    throw sessionEnded();
  }
  return issueSession(parts, outcome.user, outcome.tokens);
}

export function sessionEnded(): UserRuleError {
  return new UserRuleError('SESSION_ENDED', 'This session has ended: sign in again.');
}
