import { AggregateRoot, type RecordsEvents } from '@kith/event-delivery/domain-events';
import { FriendRuleError } from './friend-rule-error.ts';
import type { RelationshipEvent } from './relationship-events.ts';
import {
  DEFAULT_LIMITS,
  type FriendDetails,
  type FriendLimits,
  type FriendRequest,
  type RelationshipState,
  type RequestOutcome,
  type Side,
} from './relationship-state.ts';
import { TEXT_LIMITS, writtenTags, writtenText } from './written-text.ts';

/** Time and new ids come in from outside: the rules read no clock. */
export interface Moment {
  readonly now: Date;
  readonly newId: () => string;
}

/** Nobody knows when one of too many open requests closes; that it has is worth looking at again after a minute. */
const TRY_FOR_ROOM_AFTER_MS = 60_000;

export interface DetailsToChange {
  readonly remark?: string | null | undefined;
  readonly pinned?: boolean | null | undefined;
  readonly tags?: readonly string[] | null | undefined;
}

/**
 * Aggregate of two people: everything about them and every rule about them, seen by one of them (the viewer): friendship, requests and
 * blocks in both directions. Methods decide and record events; repeating one that has taken effect does nothing.
 * They throw FriendRuleError, and then nothing has changed.
 */
export class Relationship implements RecordsEvents<RelationshipEvent> {
  readonly #root: AggregateRoot<RelationshipEvent>;
  readonly #moment: Moment;
  readonly #limits: FriendLimits;
  #viewer: Side;
  #other: Side;
  #request: FriendRequest | null;
  readonly #declinedAt: Date | null;

  constructor(state: RelationshipState, moment: Moment, limits: FriendLimits = DEFAULT_LIMITS) {
    const id = idOfPair(state.viewer.person.userId, state.other.person.userId);
    this.#root = new AggregateRoot({ kind: 'relationship', id });
    this.#viewer = state.viewer;
    this.#other = state.other;
    this.#request = state.openRequest;
    this.#declinedAt = state.declinedAt;
    this.#moment = moment;
    this.#limits = limits;
  }

  get state(): RelationshipState {
    return { viewer: this.#viewer, other: this.#other, openRequest: this.#request, declinedAt: this.#declinedAt };
  }

  get events(): readonly RelationshipEvent[] {
    return this.#root.events;
  }

  takeEvents(): readonly RelationshipEvent[] {
    return this.#root.takeEvents();
  }

  get areFriends(): boolean {
    return this.#viewer.friend !== null;
  }

  /** Becomes friends at once when the other is OPEN or has asked already; asks when they want to be asked. */
  add(input: { message?: string | null | undefined; remark?: string | null | undefined }): void {
    const remark = writtenText('remark', input.remark, TEXT_LIMITS.remark);
    const message = writtenText('message', input.message, TEXT_LIMITS.message);
    this.#refuseSelf();
    if (this.areFriends) return;
    if (this.#request?.fromId === this.#viewer.person.userId) return;
    this.#refuseBlocked();
    if (this.#request) this.#acceptRequest(this.#request, remark);
    else this.#addUnasked(message, remark);
  }

  /** Binds the two whatever their policies, as an operator's import does; the caps and blocks hold all the same. */
  bind(): void {
    this.#refuseSelf();
    if (this.areFriends) return;
    this.#refuseBlocked();
    this.#refuseFullLists();
    const request = this.#request;
    if (request) this.#closeRequest(request, 'ACCEPTED');
    this.#befriend({
      viewer: this.#remarkOfSender(request, this.#viewer),
      other: this.#remarkOfSender(request, this.#other),
    });
  }

  /** The viewer says yes to a request that the other sent. */
  accept(request: FriendRequest, remark: string | null | undefined): void {
    const written = writtenText('remark', remark, TEXT_LIMITS.remark);
    this.#refuseUnlessSentTo(request, this.#viewer);
    if (request.status === 'ACCEPTED' && this.areFriends) return;
    if (request.status !== 'OPEN') throw requestNotFound();
    this.#refuseBlocked();
    this.#acceptRequest(request, written);
  }

  decline(request: FriendRequest): FriendRequest {
    this.#refuseUnlessSentTo(request, this.#viewer);
    if (request.status === 'DECLINED') return request;
    if (request.status !== 'OPEN') throw requestNotFound();
    return this.#closeRequest(request, 'DECLINED');
  }

  /** The viewer takes back a request of their own. */
  cancel(request: FriendRequest): FriendRequest {
    this.#refuseUnlessSentTo(request, this.#other);
    if (request.status === 'CANCELLED') return request;
    if (request.status !== 'OPEN') throw requestNotFound();
    return this.#closeRequest(request, 'CANCELLED');
  }

  /** Changes what the viewer keeps about the friend. A field left out stays; an empty remark clears it. */
  update(change: DetailsToChange): void {
    const before = this.#viewer.friend;
    // What is wrong with the input is said first: it is wrong whoever the friend is.
    const after = {
      remark: change.remark === undefined ? before?.remark : writtenText('remark', change.remark, TEXT_LIMITS.remark),
      pinned: change.pinned ?? before?.pinned,
      tags: change.tags ? writtenTags(change.tags) : before?.tags,
    };
    if (!before) throw notFriends();
    const changed: FriendDetails = { ...before, ...(after as Omit<FriendDetails, 'since'>) };
    if (sameDetails(before, changed)) return;
    this.#viewer = { ...this.#viewer, friend: changed };
    this.#root.record({
      ...this.#stamp(),
      name: 'relationship.details-changed',
      ownerId: this.#viewer.person.userId,
      friendId: this.#other.person.userId,
      before,
      after: changed,
    });
  }

  /** false: they were no friends. */
  remove(): boolean {
    const { friend: viewers } = this.#viewer;
    const { friend: others } = this.#other;
    if (!viewers || !others) return false;
    this.#viewer = { ...this.#viewer, friend: null, friendCount: this.#viewer.friendCount - 1 };
    this.#other = { ...this.#other, friend: null, friendCount: this.#other.friendCount - 1 };
    this.#root.record({ ...this.#stamp(), name: 'relationship.friendship-ended', sides: this.#sides(viewers, others) });
    return true;
  }

  /** Also unbinds, and closes what is asked in either direction. false: was blocked already. */
  block(): boolean {
    if (this.#viewer.person.userId === this.#other.person.userId) {
      throw new FriendRuleError('BAD_USER_INPUT', 'You cannot block yourself.', { field: 'userId' });
    }
    if (this.#viewer.blocks) return false;
    this.part();
    this.#viewer = { ...this.#viewer, blocks: true };
    this.#root.record({ ...this.#stamp(), name: 'relationship.blocked', ...this.#byViewer() });
    return true;
  }

  /** Ends whatever is between the two: the friendship, and what is asked in either direction. */
  part(): void {
    if (this.#request) this.#closeRequest(this.#request, 'WITHDRAWN');
    this.remove();
  }

  unblock(): boolean {
    if (!this.#viewer.blocks) return false;
    this.#viewer = { ...this.#viewer, blocks: false };
    this.#root.record({ ...this.#stamp(), name: 'relationship.unblocked', ...this.#byViewer() });
    return true;
  }

  #addUnasked(message: string | null, remark: string | null): void {
    const policy = this.#other.person.friendPolicy;
    switch (policy) {
      case 'OPEN':
        this.#refuseFullLists();
        this.#befriend({ viewer: remark, other: null });
        break;
      case 'APPROVAL':
        this.#ask(message, remark);
        break;
      case 'CLOSED':
        throw notAllowed();
      default: {
        const unhandled: never = policy;
        throw unhandled;
      }
    }
  }

  /** Of a request that the other sent: they have said with it what they will call the viewer. */
  #acceptRequest(request: FriendRequest, viewersRemark: string | null): void {
    this.#refuseFullLists();
    this.#closeRequest(request, 'ACCEPTED');
    this.#befriend({ viewer: viewersRemark, other: request.remark });
  }

  #remarkOfSender(request: FriendRequest | null, side: Side): string | null {
    return request?.fromId === side.person.userId ? request.remark : null;
  }

  /** Whoever calls it has made sure that both lists have room, before anything was recorded. */
  #befriend(remarks: { viewer: string | null; other: string | null }): void {
    const fresh = { pinned: false, tags: [], since: this.#moment.now };
    const viewers: FriendDetails = { ...fresh, remark: remarks.viewer };
    const others: FriendDetails = { ...fresh, remark: remarks.other };
    this.#viewer = { ...this.#viewer, friend: viewers, friendCount: this.#viewer.friendCount + 1 };
    this.#other = { ...this.#other, friend: others, friendCount: this.#other.friendCount + 1 };
    this.#root.record({ ...this.#stamp(), name: 'relationship.friendship-began', sides: this.#sides(viewers, others) });
  }

  #ask(message: string | null, remark: string | null): void {
    const { openRequestsPerUser, askAgainAfterMs } = this.#limits;
    if (this.#declinedAt) {
      const retryAfterMs = this.#declinedAt.getTime() + askAgainAfterMs - this.#moment.now.getTime();
      if (retryAfterMs > 0) {
        throw new FriendRuleError('RATE_LIMITED', 'They said no not long ago: ask again later.', { retryAfterMs });
      }
    }
    for (const side of [this.#viewer, this.#other]) {
      if (side.requestCount < openRequestsPerUser) continue;
      const whose = side === this.#viewer ? 'You have' : 'They have';
      throw new FriendRuleError(
        'RATE_LIMITED',
        `${whose} ${openRequestsPerUser} open requests: some must close first.`,
        { limit: openRequestsPerUser, retryAfterMs: TRY_FOR_ROOM_AFTER_MS },
      );
    }
    const request: FriendRequest = {
      id: this.#moment.newId(),
      fromId: this.#viewer.person.userId,
      toId: this.#other.person.userId,
      message,
      remark,
      sentAt: this.#moment.now,
      status: 'OPEN',
      closedAt: null,
    };
    this.#request = request;
    this.#countRequests(1);
    this.#root.record({ ...this.#stamp(), name: 'relationship.request-sent', request });
  }

  #closeRequest(request: FriendRequest, outcome: RequestOutcome): FriendRequest {
    const closed: FriendRequest = { ...request, status: outcome, closedAt: this.#moment.now };
    this.#request = null;
    this.#countRequests(-1);
    this.#root.record({ ...this.#stamp(), name: 'relationship.request-closed', request: closed, outcome });
    return closed;
  }

  #countRequests(by: number): void {
    this.#viewer = { ...this.#viewer, requestCount: this.#viewer.requestCount + by };
    this.#other = { ...this.#other, requestCount: this.#other.requestCount + by };
  }

  #refuseSelf(): void {
    if (this.#viewer.person.userId !== this.#other.person.userId) return;
    throw new FriendRuleError('CANNOT_BEFRIEND_SELF', 'You cannot befriend yourself.', { field: 'userId' });
  }

  /** Who is blocked cannot tell it from CLOSED; who blocks must unblock first. */
  #refuseBlocked(): void {
    if (this.#other.blocks) throw notAllowed();
    if (this.#viewer.blocks) throw new FriendRuleError('NOT_ALLOWED', 'You have blocked them: unblock them first.');
  }

  #refuseFullLists(): void {
    const limit = this.#limits.friendsPerList;
    const full = [this.#viewer, this.#other].find((side) => side.friendCount >= limit);
    if (!full) return;
    const whose = full === this.#viewer ? 'Your' : 'Their';
    throw new FriendRuleError('FRIEND_LIMIT_REACHED', `${whose} list is full: it holds ${limit} friends.`, { limit });
  }

  #refuseUnlessSentTo(request: FriendRequest, side: Side): void {
    if (request.toId !== side.person.userId) throw requestNotFound();
  }

  #sides(viewers: FriendDetails, others: FriendDetails): ReadonlyMap<string, FriendDetails> {
    return new Map([
      [this.#viewer.person.userId, viewers],
      [this.#other.person.userId, others],
    ]);
  }

  #byViewer() {
    return { byId: this.#viewer.person.userId, blockedId: this.#other.person.userId };
  }

  #stamp() {
    return this.#root.stamp(this.#moment);
  }
}

/** What two people have in common, whichever way round they are named. */
export function idOfPair(oneId: string, otherId: string): string {
  return oneId < otherId ? `${oneId} ${otherId}` : `${otherId} ${oneId}`;
}

function sameDetails(a: FriendDetails, b: FriendDetails): boolean {
  return (
    a.remark === b.remark &&
    a.pinned === b.pinned &&
    a.tags.length === b.tags.length &&
    a.tags.every((tag, at) => tag === b.tags[at])
  );
}

/** One error for "closed" and "blocked": told apart they would tell who has blocked whom. */
function notAllowed(): FriendRuleError {
  return new FriendRuleError('NOT_ALLOWED', 'They do not take friend requests.');
}

function notFriends(): FriendRuleError {
  return new FriendRuleError('NOT_FRIENDS', 'You are not friends with them.');
}

/** Also for somebody else's request: whether it exists is none of the viewer's business. */
export function requestNotFound(): FriendRuleError {
  return new FriendRuleError('REQUEST_NOT_FOUND', 'There is no such open request for you.');
}
