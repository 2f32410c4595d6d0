import { User } from '../domain/user.ts';
import { UserRuleError } from '../domain/user-rule-error.ts';
import { writtenPassword } from '../domain/written-text.ts';
import type { UserServiceParts } from '../parts/user-service-parts.ts';
import { userRowOf } from '../profiles/user-row.ts';
import { type IssuedSession, issueSession, startSession } from '../sessions/issue-session.ts';

/** Prisma's code for a violated unique index. */
const UNIQUE_VIOLATION = 'P2002';

/**
 * Makes an account and signs in to it. UserRuleError BAD_USER_INPUT, USERNAME_TAKEN (also for the later of two
 * concurrent sign-ups, and for a repeated sign-up: sign in instead).
 */
export async function signUp(
  parts: UserServiceParts,
  input: { username: string; password: string; nickname: string; avatarUrl: string | null },
): Promise<IssuedSession> {
  const moment = parts.moment();
  const user = User.register({ ...input, id: moment.newId() }, moment);
  const password = writtenPassword('password', input.password);
  const { id, profile, version, createdAt } = user.state;

  // Avoids hashing in the ordinary case; the unique index decides when two sign-ups race.
  if (await parts.prisma.user.findUnique({ where: { username: profile.username } })) throw usernameTaken();
  const passwordHash = await parts.passwords.hash(password);

  const inUnitOfWork = () =>
    parts.inUnitOfWork(async (unit, tx) => {
      unit.enter(user);
      const row = await tx.user.create({ data: { id, ...profile, passwordHash, version, createdAt } });
      return { row, tokens: await startSession(parts, tx, id) };
    });
  const created = await parts.inTurn([`name ${profile.username}`], inUnitOfWork).catch((error: { code?: string }) => {
    throw error.code === UNIQUE_VIOLATION ? usernameTaken() : error;
  });
  return issueSession(parts, userRowOf(created.row), created.tokens);
}

function usernameTaken(): UserRuleError {
  return new UserRuleError('USERNAME_TAKEN', 'This username is taken: choose another, or sign in.', {
    field: 'username',
  });
}
