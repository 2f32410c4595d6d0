import type { UpdateFriendInput, WatchFriendListSubscription } from '../generated/operations.ts';

/** A change of the list: what operations.ts selects of the public schema, from which these shapes are generated. */
export type FriendListChange = WatchFriendListSubscription['friendListChanged'];

export type Friend = Extract<FriendListChange, { __typename: 'FriendAdded' }>['friend'];
export type FriendRequest = Extract<FriendListChange, { __typename: 'FriendRequestAdded' }>['request'];
export type Person = Friend['user'];

/** The fields of a friend that the viewer can change. A field left out stays; `remark: null` or "" clears it. */
export type FriendEdit = Omit<UpdateFriendInput, 'userId'>;
