import type { UserServiceParts } from '../parts/user-service-parts.ts';
import { hashOf } from './refresh-tokens.ts';

/** Ends the session that any of its refresh tokens names. A token of none, or of an ended one, changes nothing. */
export async function signOut(parts: UserServiceParts, refreshToken: string): Promise<void> {
  const hash = hashOf(refreshToken);
  const [ended] = await parts.inTurn([hash.toString()], () =>
    parts.prisma.session.updateManyAndReturn({
      where: { tokens: { some: { hash } }, endedAt: null },
      data: { endedAt: parts.moment().now },
    }),
  );
  if (ended) parts.sessionsEnded(ended.userId, { sessionIds: [ended.id] });
}
