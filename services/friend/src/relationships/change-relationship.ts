import type { SqlConnection } from '@kith/event-delivery';
import type pg from 'pg';
import { FriendRuleError } from '../domain/friend-rule-error.ts';
import { type Moment, Relationship, requestNotFound } from '../domain/relationship.ts';
import type { RelationshipEvent } from '../domain/relationship-events.ts';
import type { FriendLimits, FriendRequest, RelationshipState } from '../domain/relationship-state.ts';
import { inTransaction } from './in-transaction.ts';
import { ListLedger } from './list-ledger.ts';
import { findRequest, type LockedPeople, loadRelationships, lockPeople, type Pair } from './load-relationships.ts';

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
  /** The new revision of every list that moved. */
  readonly revisions: ReadonlyMap<string, number>;
}

export interface RelationshipsOptions {
  readonly pool: pg.Pool;
  readonly limits: FriendLimits;
  readonly moment: () => Moment;
  readonly traceparent: () => string | undefined;
  /** Makes sure that these people's profiles are known here: asks the user service for the missing ones. */
  readonly learnProfiles: (userIds: readonly string[]) => Promise<void>;
  /** After the commit and before the answer: reads must find the change from now on. */
  readonly afterCommit: (changed: ChangedLists) => Promise<void>;
}

/** The Relationship aggregates of a friend database: load, decide, and save state and events in ONE transaction. */
export interface Relationships {
  /**
   * `decide` runs inside the transaction and calls the aggregate's methods; what it throws rolls everything back.
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

type Decide<Result> = (relationship: Relationship, sql: SqlConnection) => Result | Promise<Result>;

class UnknownPeople extends Error {
  readonly userIds: readonly string[];
  constructor(userIds: readonly string[]) {
    super('Some people are not known here yet.');
    this.userIds = userIds;
  }
}

export function createRelationships(options: RelationshipsOptions): Relationships {
  const { pool } = options;

  function openLedger({ lists }: LockedPeople): ListLedger {
    return new ListLedger(lists, { newId: options.moment().newId, traceparent: options.traceparent() });
  }

  async function change<Result>(pair: Pair, decide: Decide<Result>): Promise<Changed<Result>> {
    const { answer, changed } = await inTransaction(pool, async (sql) => {
      const locked = await lockPeople(sql, [pair.viewerId, pair.otherId]);
      const unknown = [pair.viewerId, pair.otherId].filter((userId) => !locked.people.has(userId));
      if (unknown.length > 0) throw new UnknownPeople(unknown);
      const [state] = await loadRelationships(sql, [pair], locked);
      const relationship = new Relationship(state!, options.moment(), options.limits);
      const result = await decide(relationship, sql);
      const ledger = openLedger(locked);
      ledger.enter(relationship);
      await ledger.save(sql);
      return {
        answer: { result, state: relationship.state, revision: ledger.revisionOf(pair.viewerId) },
        changed: { events: ledger.events, revisions: ledger.moved },
      };
    });
    await options.afterCommit(changed);
    return answer;
  }

  async function changeMany(pairs: readonly Pair[], decide: (relationship: Relationship) => void) {
    const { outcomes, changed } = await inTransaction(pool, async (sql) => {
      const locked = await lockPeople(
        sql,
        pairs.flatMap(({ viewerId, otherId }) => [viewerId, otherId]),
      );
      const known = pairs.filter(({ viewerId, otherId }) => locked.people.has(viewerId) && locked.people.has(otherId));
      const ledger = openLedger(locked);
      const states = await loadRelationships(sql, known, locked);
      const stateOf = new Map(known.map((pair, at) => [pair, states[at]!]));
      const met = new Map<string, BatchOutcome>();
      const decideOnce = (pair: Pair): BatchOutcome => {
        const loaded = stateOf.get(pair);
        if (!loaded) return { refused: userNotFound() };
        const relationship = new Relationship(ledger.upToDate(loaded), options.moment(), options.limits);
        try {
          decide(relationship);
        } catch (error) {
          if (error instanceof FriendRuleError) return { refused: error };
          throw error;
        }
        ledger.enter(relationship);
        return { changed: relationship.events.length > 0 };
      };
      const outcomes = pairs.map((pair): BatchOutcome => {
        // The same two again, either way round: what was loaded for them is no longer true.
        const key = [pair.viewerId, pair.otherId].sort().join(' ');
        const before = met.get(key);
        if (before) return 'refused' in before ? before : { changed: false };
        const outcome = decideOnce(pair);
        met.set(key, outcome);
        return outcome;
      });
      await ledger.save(sql);
      return { outcomes, changed: { events: ledger.events, revisions: ledger.moved } };
    });
    await options.afterCommit(changed);
    return outcomes;
  }

  async function changeKnown<Result>(pair: Pair, decide: Decide<Result>): Promise<Changed<Result>> {
    try {
      return await change(pair, decide);
    } catch (error) {
      if (!(error instanceof UnknownPeople)) throw error;
      // Somebody who signed up a moment ago: their event is on its way, and the user service knows them already.
      await options.learnProfiles(error.userIds);
    }
    return change(pair, decide).catch((error) => {
      if (!(error instanceof UnknownPeople)) throw error;
      throw error.userIds.includes(pair.viewerId) ? accountGone() : userNotFound();
    });
  }

  return {
    change: (pair, decide) => changeKnown(pair, decide),
    async changeRequest(viewerId, requestId, decide) {
      // Who the two are never changes, so it can be read before the lock; where the request stands is read behind it.
      const known = await findRequest(pool, requestId);
      if (!known || (known.fromId !== viewerId && known.toId !== viewerId)) throw requestNotFound();
      const otherId = known.fromId === viewerId ? known.toId : known.fromId;
      return changeKnown({ viewerId, otherId }, async (relationship, sql) => {
        const request = await findRequest(sql, requestId);
        return decide(relationship, request ?? known);
      });
    },
    async changeMany(pairs, decide) {
      await options.learnProfiles([...new Set(pairs.flatMap(({ viewerId, otherId }) => [viewerId, otherId]))]);
      return changeMany(pairs, decide);
    },
  };
}

function accountGone(): FriendRuleError {
  return new FriendRuleError('UNAUTHENTICATED', 'Your account is gone: sign up again.');
}

function userNotFound(): FriendRuleError {
  return new FriendRuleError('USER_NOT_FOUND', 'There is no such user.', { field: 'userId' });
}
