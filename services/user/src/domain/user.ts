import type { ProfileData } from '@kith/event-contracts';
import type { UserEvent } from './user-events.ts';
import { writtenAvatarUrl, writtenNickname, writtenUsername } from './written-text.ts';

/** Time and new ids come in from outside: the rules read no clock. */
export interface Moment {
  readonly now: Date;
  readonly newId: () => string;
}

export interface UserState {
  readonly id: string;
  readonly profile: ProfileData;
  /** Rises by exactly 1 with every event that other services hear of. */
  readonly version: number;
  readonly createdAt: Date;
  readonly deleted: boolean;
}

/** A field left out stays; `avatarUrl: null` clears it. */
export interface ProfileToChange {
  readonly nickname?: string;
  readonly avatarUrl?: string | null;
  readonly friendPolicy?: ProfileData['friendPolicy'];
}

const NOBODY: ProfileData = { username: '', nickname: '', avatarUrl: null, friendPolicy: 'CLOSED' };

/**
 * One account and the rules about it. Methods decide and record events; repeating one that has taken effect does
 * nothing. They throw UserRuleError, and then nothing has changed.
 */
export class User {
  #state: UserState;
  readonly #events: UserEvent[] = [];

  constructor(state: UserState) {
    this.#state = state;
  }

  static register(
    given: { id: string; username: string; nickname: string; avatarUrl: string | null; shortestUsername?: number },
    { now, newId }: Moment,
  ): User {
    const profile: ProfileData = {
      username: writtenUsername(given.username, given.shortestUsername),
      nickname: writtenNickname(given.nickname),
      avatarUrl: writtenAvatarUrl(given.avatarUrl),
      friendPolicy: 'APPROVAL',
    };
    const user = new User({ id: given.id, profile, version: 1, createdAt: now, deleted: false });
    user.#events.push({ name: 'user.registered', id: newId(), occurredAt: now, userId: given.id, version: 1, profile });
    return user;
  }

  get state(): UserState {
    return this.#state;
  }

  /** What was recorded since the account was loaded, oldest first. */
  get events(): readonly UserEvent[] {
    return this.#events;
  }

  changeProfile(wanted: ProfileToChange, { now, newId }: Moment): void {
    const { id, profile: before } = this.#state;
    const after: ProfileData = {
      username: before.username,
      nickname: wanted.nickname === undefined ? before.nickname : writtenNickname(wanted.nickname),
      avatarUrl: wanted.avatarUrl === undefined ? before.avatarUrl : writtenAvatarUrl(wanted.avatarUrl),
      friendPolicy: wanted.friendPolicy ?? before.friendPolicy,
    };
    if (sameProfile(before, after)) return;
    const version = this.#state.version + 1;
    this.#state = { ...this.#state, profile: after, version };
    this.#events.push({
      name: 'user.profile-changed',
      id: newId(),
      occurredAt: now,
      userId: id,
      version,
      before,
      after,
    });
  }

  passwordChanged({ now, newId }: Moment): void {
    this.#events.push({ name: 'user.password-changed', id: newId(), occurredAt: now, userId: this.#state.id });
  }

  /** Erases the profile for good and frees the username: people are known by id, so whoever takes it inherits nothing. */
  delete({ now, newId }: Moment): void {
    if (this.#state.deleted) return;
    const version = this.#state.version + 1;
    this.#state = { ...this.#state, profile: NOBODY, version, deleted: true };
    this.#events.push({ name: 'user.deleted', id: newId(), occurredAt: now, userId: this.#state.id, version });
  }
}

function sameProfile(one: ProfileData, other: ProfileData): boolean {
  return (
    one.username === other.username &&
    one.nickname === other.nickname &&
    one.avatarUrl === other.avatarUrl &&
    one.friendPolicy === other.friendPolicy
  );
}
