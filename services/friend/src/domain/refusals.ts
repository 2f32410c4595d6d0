import { FriendRuleError } from './friend-rule-error.ts';
import type { FriendLimits, FriendRequest, Side } from './relationship-state.ts';

/** Nobody knows when one of too many open requests closes; that it has is worth looking at again after a minute. */
const TRY_FOR_ROOM_AFTER_MS = 60_000;

type Counted = Pick<Side, 'friendCount'>;

const areOne = (viewer: Side, other: Side) => viewer.person.userId === other.person.userId;

export function refuseSelf(viewer: Side, other: Side): void {
  if (!areOne(viewer, other)) return;
  throw cannotBefriendSelf();
}

export function cannotBefriendSelf(): FriendRuleError {
  return new FriendRuleError('CANNOT_BEFRIEND_SELF', 'You cannot befriend yourself.', { field: 'userId' });
}

export function refuseToBlockSelf(viewer: Side, other: Side): void {
  if (!areOne(viewer, other)) return;
  throw new FriendRuleError('BAD_USER_INPUT', 'You cannot block yourself.', { field: 'userId' });
}

/** Who is blocked cannot tell it from CLOSED; who blocks must unblock first. */
export function refuseBlocked(viewer: Side, other: Side): void {
  if (other.blocks) throw notAllowed();
  if (viewer.blocks) throw new FriendRuleError('NOT_ALLOWED', 'You have blocked them: unblock them first.');
}

export function refuseFullLists(viewer: Counted, other: Counted, { friendsPerList: limit }: FriendLimits): void {
  const full = [viewer, other].find((side) => side.friendCount >= limit);
  if (!full) return;
  const whose = full === viewer ? 'Your' : 'Their';
  throw new FriendRuleError('FRIEND_LIMIT_REACHED', `${whose} list is full: it holds ${limit} friends.`, { limit });
}

export function refuseManyRequests(viewer: Side, other: Side, { openRequestsPerUser: limit }: FriendLimits): void {
  const full = [viewer, other].find((side) => side.requestCount >= limit);
  if (!full) return;
  const whose = full === viewer ? 'You have' : 'They have';
  throw new FriendRuleError('RATE_LIMITED', `${whose} ${limit} open requests: some must close first.`, {
    limit,
    retryAfterMs: TRY_FOR_ROOM_AFTER_MS,
  });
}

/** @param declinedAt when the other last said no to the viewer */
export function refuseSoonAfterNo(declinedAt: Date | null, now: Date, { askAgainAfterMs }: FriendLimits): void {
  if (!declinedAt) return;
  const retryAfterMs = declinedAt.getTime() + askAgainAfterMs - now.getTime();
  if (retryAfterMs <= 0) return;
  throw new FriendRuleError('RATE_LIMITED', 'They said no not long ago: ask again later.', { retryAfterMs });
}

export function refuseUnlessSentTo(request: FriendRequest, side: Side): void {
  if (request.toId !== side.person.userId) throw requestNotFound();
}

/** One error for "closed" and "blocked": told apart they would tell who has blocked whom. */
export function notAllowed(): FriendRuleError {
  return new FriendRuleError('NOT_ALLOWED', 'They do not take friend requests.');
}

export function notFriends(): FriendRuleError {
  return new FriendRuleError('NOT_FRIENDS', 'You are not friends with them.');
}

/** Also for somebody else's request: whether it exists is none of the viewer's business. */
export function requestNotFound(): FriendRuleError {
  return new FriendRuleError('REQUEST_NOT_FOUND', 'There is no such open request for you.');
}
