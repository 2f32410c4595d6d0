import type { FriendData, PersonData } from '@kith/event-contracts';

/** A profile as the friend service has copied it. */
export interface Person {
  readonly userId: string;
  readonly nickname: string;
  readonly avatarUrl: string | null;
  readonly friendPolicy: 'OPEN' | 'APPROVAL' | 'CLOSED';
}

/** What one of the two keeps about the other while they are friends: a list entry without the person. */
export type FriendDetails = Readonly<Omit<FriendData, keyof PersonData | 'tags' | 'since'>> & {
  readonly tags: readonly string[];
  readonly since: Date;
};

type RequestStatus = 'OPEN' | 'ACCEPTED' | 'DECLINED' | 'CANCELLED' | 'WITHDRAWN';
export type RequestOutcome = Exclude<RequestStatus, 'OPEN'>;

export interface FriendRequest {
  readonly id: string;
  readonly fromId: string;
  readonly toId: string;
  readonly message: string | null;
  /** What the sender will call the other once they are friends; nobody else sees it. */
  readonly remark: string | null;
  readonly sentAt: Date;
  readonly status: RequestStatus;
  readonly closedAt: Date | null;
}

/** One of the two people, and everything that is theirs in this pair. */
export interface Side {
  readonly person: Person;
  /** null while they are not friends: always on both sides or on neither. */
  readonly friend: FriendDetails | null;
  readonly blocks: boolean;
  /** Of the whole list, not only this pair: for the caps. */
  readonly friendCount: number;
  readonly requestCount: number;
}

export interface RelationshipState {
  readonly viewer: Side;
  readonly other: Side;
  /** The newest request between the two that is open. */
  readonly openRequest: FriendRequest | null;
  /** When the other last declined a request of the viewer's. */
  readonly declinedAt: Date | null;
}

/** Time and new ids come in from outside: the rules read no clock. */
export interface Moment {
  readonly now: Date;
  readonly newId: () => string;
}

export interface FriendLimits {
  readonly friendsPerList: number;
  readonly openRequestsPerUser: number;
  readonly askAgainAfterMs: number;
}

export const DEFAULT_LIMITS: FriendLimits = {
  friendsPerList: 5_000,
  openRequestsPerUser: 500,
  askAgainAfterMs: 7 * 24 * 60 * 60 * 1000,
};

/** What a side has said with its request that it will call the other; null when it sent none. */
export function remarkOfSender(request: FriendRequest | null, side: Side): string | null {
  return request?.fromId === side.person.userId ? request.remark : null;
}

/** The two people of one command: the viewer first. */
export interface Pair {
  readonly viewerId: string;
  readonly otherId: string;
}

/** What two people have in common, whichever way round they are named. */
export function idOfPair(oneId: string, otherId: string): string {
  return oneId < otherId ? `${oneId} ${otherId}` : `${otherId} ${oneId}`;
}
