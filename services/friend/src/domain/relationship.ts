import { AggregateRoot, type RecordsEvents } from '@kith/event-delivery/domain-events';
import { type DetailsToChange, detailsAtFirst, sameDetails, writtenDetails } from './friend-details.ts';
import {
  notAllowed,
  notFriends,
  refuseBlocked,
  refuseFullLists,
  refuseManyRequests,
  refuseSelf,
  refuseSoonAfterNo,
  refuseToBlockSelf,
  refuseUnlessSentTo,
  requestNotFound,
} from './refusals.ts';
import type { RelationshipEvent } from './relationship-events.ts';
import {
  DEFAULT_LIMITS,
  type FriendDetails,
  type FriendLimits,
  type FriendRequest,
  idOfPair,
  type Moment,
  type RelationshipState,
  type RequestOutcome,
  remarkOfSender,
  type Side,
} from './relationship-state.ts';
import { TEXT_LIMITS, writtenText } from './written-text.ts';

/**
 * Aggregate of two people: everything about them and every rule about them, seen by one of them (the viewer):
 * friendship, requests and blocks in both directions. Methods decide and record events; repeating one that has taken effect does nothing.
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
    refuseSelf(this.#viewer, this.#other);
    if (this.areFriends) return;
    if (this.#request?.fromId === this.#viewer.person.userId) return;
    refuseBlocked(this.#viewer, this.#other);
    if (this.#request) this.#acceptRequest(this.#request, remark);
    else this.#addUnasked(message, remark);
  }

  /** Makes the two friends whatever their policies, as an operator's import does; caps and blocks still apply. */
  bind(): void {
    refuseSelf(this.#viewer, this.#other);
    if (this.areFriends) return;
    refuseBlocked(this.#viewer, this.#other);
    refuseFullLists(this.#viewer, this.#other, this.#limits);
    const request = this.#request;
    if (request) this.#closeRequest(request, 'ACCEPTED');
    this.#befriend({
      viewer: remarkOfSender(request, this.#viewer),
      other: remarkOfSender(request, this.#other),
    });
  }

  /** The viewer says yes to a request that the other sent. */
  accept(request: FriendRequest, remark: string | null | undefined): void {
    const written = writtenText('remark', remark, TEXT_LIMITS.remark);
    refuseUnlessSentTo(request, this.#viewer);
    if (request.status === 'ACCEPTED' && this.areFriends) return;
    if (request.status !== 'OPEN') throw requestNotFound();
    refuseBlocked(this.#viewer, this.#other);
    this.#acceptRequest(request, written);
  }

  decline(request: FriendRequest): FriendRequest {
    refuseUnlessSentTo(request, this.#viewer);
    if (request.status === 'DECLINED') return request;
    if (request.status !== 'OPEN') throw requestNotFound();
    return this.#closeRequest(request, 'DECLINED');
  }

  /** The viewer takes back a request of their own. */
  cancel(request: FriendRequest): FriendRequest {
    refuseUnlessSentTo(request, this.#other);
    if (request.status === 'CANCELLED') return request;
    if (request.status !== 'OPEN') throw requestNotFound();
    return this.#closeRequest(request, 'CANCELLED');
  }

  /** Changes what the viewer keeps about the friend. A field left out stays; an empty remark clears it. */
  update(change: DetailsToChange): void {
    const before = this.#viewer.friend;
    // Bad input is refused first: it is wrong whoever the friend is.
    const written = writtenDetails(change);
    if (!before) throw notFriends();
    const changed: FriendDetails = { ...before, ...written };
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
    refuseToBlockSelf(this.#viewer, this.#other);
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
        refuseFullLists(this.#viewer, this.#other, this.#limits);
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
    refuseFullLists(this.#viewer, this.#other, this.#limits);
    this.#closeRequest(request, 'ACCEPTED');
    this.#befriend({ viewer: viewersRemark, other: request.remark });
  }

  /** The caller has made sure that both lists have room, before anything was recorded. */
  #befriend(remarks: { viewer: string | null; other: string | null }): void {
    const viewers = detailsAtFirst(remarks.viewer, this.#moment.now);
    const others = detailsAtFirst(remarks.other, this.#moment.now);
    this.#viewer = { ...this.#viewer, friend: viewers, friendCount: this.#viewer.friendCount + 1 };
    this.#other = { ...this.#other, friend: others, friendCount: this.#other.friendCount + 1 };
    this.#root.record({ ...this.#stamp(), name: 'relationship.friendship-began', sides: this.#sides(viewers, others) });
  }

  #ask(message: string | null, remark: string | null): void {
    refuseSoonAfterNo(this.#declinedAt, this.#moment.now, this.#limits);
    refuseManyRequests(this.#viewer, this.#other, this.#limits);
    const { newId, now } = this.#moment;
    const between = { fromId: this.#viewer.person.userId, toId: this.#other.person.userId };
    const written = { message, remark, sentAt: now };
    const request: FriendRequest = { id: newId(), ...between, ...written, status: 'OPEN', closedAt: null };
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
