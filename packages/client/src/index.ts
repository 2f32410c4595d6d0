export type { Friend, FriendEdit, FriendListChange, FriendRequest, Person } from './api/list-change.ts';
export { createKithClient, type KithClient, type KithClientOptions } from './kith-client.ts';
export { compareFriends, type SavedFriendList } from './list/friend-list.ts';
export type { FriendListSnapshot, LiveFriendList } from './live-friend-list.ts';
export { KithApiError, Unreachable } from './network/send-operation.ts';
export type { SignedIn } from './session/known-tokens.ts';
export type { Session } from './session/session.ts';
export { type KeyValueStore, memoryStore, type WebStorage, webStorage } from './storage/key-value-store.ts';
export type { LiveState } from './watch/watch-friend-list.ts';
