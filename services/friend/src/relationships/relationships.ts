import type pg from 'pg';
import type { FriendRuleError } from '../domain/friend-rule-error.ts';
import type { Relationship } from '../domain/relationship.ts';
import type { RelationshipEvent } from '../domain/relationship-events.ts';
import type { FriendLimits, FriendRequest, Moment, Pair, RelationshipState } from '../domain/relationship-state.ts';

export interface Changed<Result> {
  readonly result: Result;
  readonly state: RelationshipState;
  /** The viewer's list after the command: where it stands, whether the command moved it or not. */
  readonly revision: number;
}

/** What became of one pair of a batch: the others go on when a rule refuses one. */
export type BatchOutcome = { readonly changed: boolean } | { readonly refused: FriendRuleError };

export interface ChangedLists {
  readonly events: readonly RelationshipEvent[];
  /**
   * Where these lists stand now, as the answer promises: the viewer's and what the command moved. Of a command that
   * changed nothing both, for the answer to a repeated command promises what the first one did, and that one may have
   * died between its commit and its answer.
   */
  readonly revisions: ReadonlyMap<string, number>;
}

export interface RelationshipsOptions {
  /** What commands run on. */
  readonly pool: pg.Pool;
  /** What many pairs at once are changed on (`pool` unless there is another). */
  readonly background?: pg.Pool;
  readonly limits: FriendLimits;
  readonly moment: () => Moment;
  readonly traceparent: () => string | undefined;
  /** Makes sure that these people's profiles are known here: asks the user service for the missing ones. */
  readonly learnProfiles: (userIds: readonly string[]) => Promise<void>;
  /** After the commit and before the answer: reads must find the change from now on. */
  readonly afterCommit: (changed: ChangedLists) => Promise<void>;
}

/**
 * Repository of the Relationship aggregates: loads, decides, and saves state and events in ONE transaction
 * (transactional outbox). Optimistic concurrency, and locks for whoever has lost to others.
 */
export interface Relationships {
  /**
   * `decide` calls the aggregate's methods; what it throws changes nothing. It is called again, with what is true by
   * then, when somebody else has changed one of the two lists meanwhile.
   * Throws FriendRuleError USER_NOT_FOUND when one of the two is nobody.
   */
  change<Result>(pair: Pair, decide: (relationship: Relationship) => Result): Promise<Changed<Result>>;
  /**
   * The same about one request of the viewer's, sent or received, open or closed by now. Throws FriendRuleError
   * REQUEST_NOT_FOUND when it is not theirs.
   */
  changeRequest<Result>(
    viewerId: string,
    requestId: string,
    decide: (relationship: Relationship, request: FriendRequest) => Result,
  ): Promise<Changed<Result>>;
  /** The same for many pairs at once, in a handful of statements; a refused pair changes nothing and stops nobody. */
  changeMany(pairs: readonly Pair[], decide: (relationship: Relationship) => void): Promise<BatchOutcome[]>;
}
