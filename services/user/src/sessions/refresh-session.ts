import { keepSessionAction } from '../account-actions/account-action.ts';
import { UserRuleError } from '../domain/user-rule-error.ts';
import type { Prisma } from '../generated/client.ts';
import type { RefreshTokenModel } from '../generated/models.ts';
import { sqlIn } from '../parts/sql-in-prisma-transaction.ts';
import type { UserServiceParts } from '../parts/user-service-parts.ts';
import { userRowOf } from '../profiles/user-row.ts';
import { type IssuedSession, issueSession, renewSession } from './issue-session.ts';
import { hashOf, newSuccessorSalt, successorOf } from './refresh-tokens.ts';

/**
 * Refresh token rotation (RFC 9700 section 4.14.2): new tokens for a refresh token, which is then used up. Idempotent:
 * presented again within the grace period, while its successor is unused, it gives the same refresh token and a new
 * access token. Presented later, or after its successor was used, it shows that two parties hold it (reuse detection):
 * the session ends for both. UserRuleError SESSION_ENDED for that, and for a token that is unknown, expired, or of an
 * ended session.
 */
export async function refreshSession(parts: UserServiceParts, refreshToken: string): Promise<IssuedSession> {
  const hash = hashOf(refreshToken);
  const { now } = parts.moment();

  const inTransaction = () =>
    parts.prisma.$transaction(async (tx) => {
      const salt = newSuccessorSalt();
      // The row lock of the update serializes two concurrent uses.
      const used = await tx.refreshToken.updateMany({
        where: { hash, usedAt: null },
        data: { usedAt: now, successorSalt: salt },
      });
      const token = await tx.refreshToken.findUnique({
        where: { hash },
        include: { session: { include: { user: true } } },
      });
      if (!token || token.session.endedAt || token.session.expiresAt <= now) throw sessionEnded();
      const { session } = token;
      const user = userRowOf(session.user);

      if (used.count > 0) {
        const tokens = await renewSession(parts, tx, session.id, successorOf(refreshToken, salt));
        if (!tokens) throw sessionEnded();
        return { tokens, user };
      }
      // Of two concurrent uses the second may have read its clock first.
      const ageMs = Math.max(0, now.getTime() - (token.usedAt?.getTime() ?? 0));
      const inGrace = ageMs < parts.refreshGraceS * 1000;
      const given = inGrace ? await givenBefore(tx, refreshToken, token) : undefined;
      if (given !== undefined) return { tokens: { sessionId: session.id, refreshToken: given }, user };
      await tx.session.update({ where: { id: session.id }, data: { endedAt: now } });
      await keepSessionAction(sqlIn(tx), 'user.refresh-token-reused', session, parts.moment());
      return { reused: session };
    });
  const outcome = await parts.inTurn([hash.toString()], inTransaction);

  if ('reused' in outcome) {
    parts.sessionsEnded(outcome.reused.userId, { sessionIds: [outcome.reused.id] });
    throw sessionEnded();
  }
  return issueSession(parts, outcome.user, outcome.tokens);
}

/** The successor of a used refresh token; undefined when the successor is used too, or there never was one. */
async function givenBefore(
  tx: Prisma.TransactionClient,
  refreshToken: string,
  { successorSalt }: RefreshTokenModel,
): Promise<string | undefined> {
  if (successorSalt === null) return undefined;
  const successor = successorOf(refreshToken, successorSalt);
  const unused = await tx.refreshToken.count({ where: { hash: hashOf(successor), usedAt: null } });
  return unused === 1 ? successor : undefined;
}

export function sessionEnded(): UserRuleError {
  return new UserRuleError('SESSION_ENDED', 'This session has ended: sign in again.');
}
