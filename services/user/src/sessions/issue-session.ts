import type { Prisma } from '../generated/client.ts';
import type { UserServiceParts } from '../parts/user-service-parts.ts';
import type { UserRow } from '../profiles/user-row.ts';
import { hashOf, newRefreshToken } from './refresh-tokens.ts';

/** What a client gets for signing in. */
export interface IssuedSession {
  readonly accessToken: string;
  /** Of the access token. */
  readonly expiresAt: Date;
  readonly refreshToken: string;
  readonly user: UserRow;
}

export interface SessionTokens {
  readonly sessionId: string;
  readonly refreshToken: string;
}

/** Starts a session in the caller's transaction. */
export async function startSession(
  parts: UserServiceParts,
  tx: Prisma.TransactionClient,
  userId: string,
): Promise<SessionTokens> {
  const { now, newId } = parts.moment();
  const refreshToken = newRefreshToken();
  const session = { id: newId(), userId, createdAt: now, expiresAt: expiryOf(parts, now) };
  await tx.session.create({ data: { ...session, tokens: { create: { hash: hashOf(refreshToken), issuedAt: now } } } });
  return { sessionId: session.id, refreshToken };
}

/**
 * Gives a living session its next refresh token, in the caller's transaction; undefined when the session has ended
 * meanwhile. The caller must have used up earlier tokens: only the newest works.
 */
export async function renewSession(
  parts: UserServiceParts,
  tx: Prisma.TransactionClient,
  sessionId: string,
  refreshToken: string = newRefreshToken(),
): Promise<SessionTokens | undefined> {
  const { now } = parts.moment();
  const living = await tx.session.updateMany({
    where: { id: sessionId, endedAt: null },
    data: { expiresAt: expiryOf(parts, now) },
  });
  if (living.count === 0) return undefined;
  await tx.refreshToken.create({ data: { hash: hashOf(refreshToken), sessionId, issuedAt: now } });
  return { sessionId, refreshToken };
}

/** Makes the client's side of a session, after the commit. */
export async function issueSession(
  parts: UserServiceParts,
  user: UserRow,
  { sessionId, refreshToken }: SessionTokens,
): Promise<IssuedSession> {
  const { token, expiresAt } = await parts.accessTokens.issue(user.id, sessionId, parts.moment().now);
  return { accessToken: token, expiresAt, refreshToken, user };
}

function expiryOf(parts: UserServiceParts, now: Date): Date {
  return new Date(now.getTime() + parts.refreshTokenTtlS * 1000);
}
