import type { PersonData } from '@kith/event-contracts';
import type { Person } from '../domain/relationship-state.ts';

/** What everybody may see of a person, as `profile` keeps the copy of it. */
export const PERSON_COLUMNS = 'user_id, nickname, avatar_url';
export const PROFILE_COLUMNS = `${PERSON_COLUMNS}, friend_policy`;

export interface PersonRow {
  readonly user_id: string;
  readonly nickname: string;
  readonly avatar_url: string | null;
}

export interface ProfileRow extends PersonRow {
  readonly friend_policy: Person['friendPolicy'];
}

export function personDataOf({ user_id: userId, nickname, avatar_url: avatarUrl }: PersonRow): PersonData {
  return { userId, nickname, avatarUrl };
}

export function personOf(row: ProfileRow): Person {
  return { ...personDataOf(row), friendPolicy: row.friend_policy };
}
