export { compareFriends, type SavedFriendList } from './friend-list.ts';
export { type KeyValueStore, memoryStore, webStorage } from './key-value-store.ts';
export { createKithClient, type KithClient, type KithClientOptions } from './kith-client.ts';
export type { Friend, FriendEdit, FriendListChange, FriendRequest, Person } from './list-change.ts';
export type { FriendListSnapshot, LiveFriendList } from './live-friend-list.ts';
export { KithApiError, Unreachable } from './send-operation.ts';
export type { Session, SignedIn } from './session.ts';
export type { LiveState } from './watch-friend-list.ts';
