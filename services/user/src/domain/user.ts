import type { ProfileData } from '@kith/event-contracts';
import { AggregateRoot, type RecordsEvents } from '@kith/event-delivery/domain-events';
import type { UserEvent } from './user-events.ts';
import { writtenAvatarUrl, writtenNickname, writtenUsername } from './written-text.ts';

/** Time and new ids are passed in: the rules read no clock. */
export interface Moment {
  readonly now: Date;
  readonly newId: () => string;
}

export interface UserState {
  readonly id: string;
  readonly profile: ProfileData;
  /** Rises by exactly 1 with every event published to other services. */
  readonly version: number;
  readonly createdAt: Date;
  readonly deleted: boolean;
}

/** An omitted field stays as it is; `avatarUrl: null` clears the avatar. */
export interface ProfileToChange {
  readonly nickname?: string;
  readonly avatarUrl?: string | null;
  readonly friendPolicy?: ProfileData['friendPolicy'];
}

const NOBODY: ProfileData = { username: '', nickname: '', avatarUrl: null, friendPolicy: 'CLOSED' };

/**
 * Aggregate of one account, and the rules about it. Methods decide and record events, and are idempotent. A method that
 * throws UserRuleError has changed nothing.
 */
export class User implements RecordsEvents<UserEvent> {
  readonly #root: AggregateRoot<UserEvent>;
  #state: Omit<UserState, 'version'>;

  constructor({ version, ...state }: UserState) {
    this.#root = new AggregateRoot({ kind: 'user', id: state.id, version });
    this.#state = state;
  }

  static register(
    given: { id: string; username: string; nickname: string; avatarUrl: string | null; shortestUsername?: number },
    moment: Moment,
  ): User {
    const profile: ProfileData = {
      username: writtenUsername(given.username, given.shortestUsername),
      nickname: writtenNickname(given.nickname),
      avatarUrl: writtenAvatarUrl(given.avatarUrl),
      friendPolicy: 'APPROVAL',
    };
    const user = new User({ id: given.id, profile, version: 1, createdAt: moment.now, deleted: false });
    user.#root.record({ name: 'user.registered', ...user.#root.stamp(moment), profile });
    return user;
  }

  get state(): UserState {
    return { ...this.#state, version: Number(this.#root.version) };
  }

  get events(): readonly UserEvent[] {
    return this.#root.events;
  }

  takeEvents(): readonly UserEvent[] {
    return this.#root.takeEvents();
  }

  changeProfile(wanted: ProfileToChange, moment: Moment): void {
    const { profile: before } = this.#state;
    const after: ProfileData = {
      username: before.username,
      nickname: wanted.nickname === undefined ? before.nickname : writtenNickname(wanted.nickname),
      avatarUrl: wanted.avatarUrl === undefined ? before.avatarUrl : writtenAvatarUrl(wanted.avatarUrl),
      friendPolicy: wanted.friendPolicy ?? before.friendPolicy,
    };
    if (sameProfile(before, after)) return;
    this.#root.raiseVersion();
    this.#state = { ...this.#state, profile: after };
    this.#root.record({ name: 'user.profile-changed', ...this.#root.stamp(moment), before, after });
  }

  passwordChanged(moment: Moment): void {
    this.#root.record({ name: 'user.password-changed', ...this.#root.stamp(moment) });
  }

  /** Erases the profile for good and frees the username: people are known by id, so its next user inherits nothing. */
  delete(moment: Moment): void {
    if (this.#state.deleted) return;
    this.#root.raiseVersion();
    this.#state = { ...this.#state, profile: NOBODY, deleted: true };
    this.#root.record({ name: 'user.deleted', ...this.#root.stamp(moment) });
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
