import { type Follower, type FollowOptions, followList } from './follow-list.ts';
import { FRIEND_LIST, type FriendListAsSeen } from './friend-list-as-seen.ts';

/** A client that watches the viewer's friend list. */
export function followFriendList(options: FollowOptions): Follower<FriendListAsSeen> {
  return followList(FRIEND_LIST, options);
}
