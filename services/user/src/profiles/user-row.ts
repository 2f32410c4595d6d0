import type { ProfileData } from '@kith/event-contracts';
import type { UserModel } from '../generated/models.ts';

/** A user as the API shows them. */
export interface UserRow {
  readonly id: string;
  /** Empty once the user is deleted, like the nickname. */
  readonly username: string;
  readonly nickname: string;
  readonly avatarUrl: string | null;
  readonly friendPolicy: ProfileData['friendPolicy'];
  readonly version: number;
  readonly createdAt: Date;
  readonly deleted: boolean;
}

/** Selects a UserRow from `users`. */
export const USER_COLUMNS = `
  users.id, coalesce(users.username, '') AS username, users.nickname, users.avatar_url AS "avatarUrl",
  users.friend_policy AS "friendPolicy", users.version, users.created_at AS "createdAt",
  users.deleted_at IS NOT NULL AS deleted`;

/** The same from a row that Prisma read. */
export function userRowOf(user: UserModel): UserRow {
  const { id, nickname, avatarUrl, friendPolicy, version, createdAt } = user;
  const username = user.username ?? '';
  return { id, username, nickname, avatarUrl, friendPolicy, version, createdAt, deleted: user.deletedAt !== null };
}
