import type { Friend, FriendRequest, Person } from '../api/list-change.ts';
import type { SavedFriendList } from '../list/friend-list.ts';

/** A session as it is stored. */
export interface Tokens {
  readonly accessToken: string;
  /** RFC 3339. */
  readonly expiresAt: string;
  readonly refreshToken: string;
  readonly user: Person & { readonly username: string };
}

/** A friend list as it is stored, with whose it is. */
export type OwnedFriendList = SavedFriendList & { readonly userId: string };

/** undefined for what no release of today's layout has written: it would break its readers later. */
export function readTokens(json: unknown): Tokens | undefined {
  return isTokens(json) ? json : undefined;
}

/** undefined as above. One bad entry makes all of it invalid: a list is whole or not there. */
export function readFriendList(json: unknown): OwnedFriendList | undefined {
  return isFriendList(json) ? json : undefined;
}

function isTokens(json: unknown): json is Tokens {
  if (!isObject(json) || !hasTexts(json, ['accessToken', 'expiresAt', 'refreshToken'])) return false;
  return (
    !Number.isNaN(Date.parse(json.expiresAt as string)) && isPerson(json.user) && hasTexts(json.user, ['username'])
  );
}

function isFriendList(json: unknown): json is OwnedFriendList {
  if (!isObject(json) || !hasTexts(json, ['userId', 'cursor'])) return false;
  const { revision, friends, requests } = json;
  if (!Number.isSafeInteger(revision) || (revision as number) < 0) return false;
  if (!Array.isArray(friends) || !Array.isArray(requests)) return false;
  if (!friends.every(isFriend) || !requests.every(isRequest)) return false;
  return new Set(friends.map(({ user }) => user.id)).size === friends.length;
}

function isFriend(json: unknown): json is Friend {
  if (!isObject(json) || !isPerson(json.user) || !hasTexts(json, ['displayName', 'since'])) return false;
  const { remark, pinned, tags } = json;
  return isTextOrNull(remark) && typeof pinned === 'boolean' && Array.isArray(tags) && tags.every(isText);
}

function isRequest(json: unknown): json is FriendRequest {
  if (!isObject(json) || !hasTexts(json, ['id', 'sentAt']) || !isTextOrNull(json.message)) return false;
  return isPerson(json.from) && isPerson(json.to);
}

function isPerson(json: unknown): json is Person & Record<string, unknown> {
  return isObject(json) && hasTexts(json, ['id', 'nickname']) && isTextOrNull(json.avatarUrl);
}

const isObject = (json: unknown): json is Record<string, unknown> => typeof json === 'object' && json !== null;
const isText = (json: unknown) => typeof json === 'string';
const isTextOrNull = (json: unknown) => json === null || isText(json);
const hasTexts = (json: Record<string, unknown>, names: readonly string[]) => names.every((name) => isText(json[name]));
