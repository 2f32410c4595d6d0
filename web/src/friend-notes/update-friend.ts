import type { FriendEdit } from '@kith/client';
import { kith } from '../connection/kith.ts';
import { announceProblem } from '../problems/announce.ts';

/** Shown at once; what the server refuses is taken back, and said. */
export function updateFriend(userId: string, edit: FriendEdit): void {
  kith.friends.update(userId, edit).catch(announceProblem);
}
