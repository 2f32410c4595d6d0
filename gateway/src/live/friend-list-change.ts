/**
 * A change of a friend list in exactly the shape the friend subgraph answers it in. Announcements carry it, and so does
 * the catch-up: what a client selects is resolved over this object either way.
 */
export type AnnouncedChange = Change &
  (
    | { readonly __typename: 'FriendAdded' | 'FriendChanged'; readonly friend: Friend }
    | { readonly __typename: 'FriendRemoved'; readonly userId: string }
    | { readonly __typename: 'FriendRequestAdded'; readonly request: FriendRequest }
    | { readonly __typename: 'FriendRequestClosed'; readonly requestId: string; readonly outcome: Outcome }
  );

/** Snapshots are never announced: only the store gives them. */
export interface FriendListSnapshot extends Change {
  readonly __typename: 'FriendListSnapshot';
  readonly reason: 'SUBSCRIBED' | 'CURSOR_EXPIRED' | 'CURSOR_INVALID';
  readonly friends: readonly Friend[];
  readonly requests: readonly FriendRequest[];
  readonly complete: boolean;
}

export type FriendListChange = (AnnouncedChange & { readonly complete?: never }) | FriendListSnapshot;

interface Change {
  readonly cursor: string;
  readonly revision: number;
  readonly occurredAt: string;
}

interface User {
  readonly id: string;
  readonly nickname: string;
  readonly avatarUrl: string | null;
}

interface Friend {
  readonly user: User;
  readonly remark: string | null;
  readonly displayName: string;
  readonly pinned: boolean;
  readonly tags: readonly string[];
  readonly since: string;
}

interface FriendRequest {
  readonly id: string;
  readonly from: User;
  readonly to: User;
  readonly message: string | null;
  readonly sentAt: string;
}

const OUTCOMES = ['ACCEPTED', 'DECLINED', 'CANCELLED', 'WITHDRAWN'] as const;
type Outcome = (typeof OUTCOMES)[number];

/**
 * Whether it is an announced change, looked at by hand: of all that is done for an announcement, a schema that copies
 * what it has read would cost the most.
 */
export function isAnnouncedChange(value: unknown): value is AnnouncedChange {
  if (!isObject(value) || !Number.isSafeInteger(value.revision) || (value.revision as number) < 1) return false;
  if (!isString(value.cursor) || !isString(value.occurredAt)) return false;
  const typename = value.__typename as AnnouncedChange['__typename'];
  switch (typename) {
    case 'FriendAdded':
    case 'FriendChanged':
      return isFriend(value.friend);
    case 'FriendRemoved':
      return isString(value.userId);
    case 'FriendRequestAdded':
      return isRequest(value.request);
    case 'FriendRequestClosed':
      return isString(value.requestId) && OUTCOMES.includes(value.outcome as Outcome);
    default:
      // A typename of a later version, or none at all.
      typename satisfies never;
      return false;
  }
}

type Read = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Read => typeof value === 'object' && value !== null;
const isString = (value: unknown): value is string => typeof value === 'string';
const isText = (value: unknown): value is string | null => value === null || typeof value === 'string';

const isUser = (value: unknown): boolean =>
  isObject(value) && isString(value.id) && isString(value.nickname) && isText(value.avatarUrl);

const isFriend = (value: unknown): boolean =>
  isObject(value) &&
  isUser(value.user) &&
  isText(value.remark) &&
  isString(value.displayName) &&
  typeof value.pinned === 'boolean' &&
  Array.isArray(value.tags) &&
  value.tags.every(isString) &&
  isString(value.since);

const isRequest = (value: unknown): boolean =>
  isObject(value) &&
  isString(value.id) &&
  isUser(value.from) &&
  isUser(value.to) &&
  isText(value.message) &&
  isString(value.sentAt);
