import type { UnitOfWork } from '@kith/event-delivery';
import type { Viewer } from '@kith/service-kit';
import { present } from '@kith/service-kit';
import { User } from '../domain/user.ts';
import type { UserEvent } from '../domain/user-events.ts';
import type { Prisma } from '../generated/client.ts';
import type { UserModel } from '../generated/models.ts';
import type { UserServiceParts } from '../parts/user-service-parts.ts';
import { type UserRow, userRowOf } from '../profiles/user-row.ts';
import { sessionEnded } from '../sessions/refresh-session.ts';

/** Inside the unit of work: the account to change, its row as it was, and the transaction for what goes with it. */
export type AccountChange<Result> = (
  user: User,
  inside: { row: UserModel; tx: Prisma.TransactionClient; unit: UnitOfWork<UserEvent> },
) => Promise<Result> | Result;

/**
 * Pessimistic lock: locks and loads the viewer's account, lets `change` decide, and saves state and events in one
 * transaction. A change that records nothing writes nothing. UserRuleError SESSION_ENDED when the account or the
 * viewer's session is gone.
 */
export async function changeOwnAccount<Result>(
  parts: UserServiceParts,
  viewer: Viewer,
  change: AccountChange<Result>,
): Promise<{ user: UserRow; result: Result }> {
  const inUnitOfWork = () =>
    parts.inUnitOfWork(async (unit, tx) => {
      const row = await lockAccount(tx, viewer);
      const user = new User(stateOf(row));
      unit.enter(user);
      const result = await change(user, { row, tx, unit });
      await save(tx, user, row);
      return { user, row, result };
    });
  const outcome = await parts.inTurn([viewer.userId], inUnitOfWork);
  return { user: { ...userRowOf(outcome.row), ...rowOf(outcome.user) }, result: outcome.result };
}

async function lockAccount(tx: Prisma.TransactionClient, viewer: Viewer): Promise<UserModel> {
  // Prisma has no FOR UPDATE; without it two concurrent changes would get the same version.
  await tx.$queryRaw`SELECT FROM users WHERE id = ${viewer.userId}::uuid FOR UPDATE`;
  const row = await tx.user.findUnique({
    where: { id: viewer.userId, deletedAt: null, sessions: { some: { id: viewer.sessionId, endedAt: null } } },
  });
  if (!row) throw sessionEnded();
  return row;
}

async function save(tx: Prisma.TransactionClient, user: User, row: UserModel): Promise<void> {
  const { profile, version, deleted } = user.state;
  if (version === row.version) return;
  const erased = deleted
    ? {
        username: null,
        passwordHash: null,
        deletedAt: present(user.events.at(-1), 'a deletion is recorded').occurredAt,
      }
    : {};
  await tx.user.update({ where: { id: row.id }, data: { ...profile, version, ...erased } });
}

function stateOf(row: UserModel) {
  const { id, nickname, avatarUrl, friendPolicy, version, createdAt } = row;
  const profile = { username: row.username ?? '', nickname, avatarUrl, friendPolicy };
  return { id, profile, version, createdAt, deleted: row.deletedAt !== null };
}

function rowOf({ state: { profile, version, deleted } }: User): Partial<UserRow> {
  return { ...profile, version, deleted };
}
