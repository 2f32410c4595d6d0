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
  /**
   * Where every list concerned stands now, also one that the command did not move: the answer to a repeated command
   * promises what the first one did, and that one may have died between its commit and its answer.
   */
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

  /** The one way to change lists: lock them, decide, save what the ledger holds, commit, and say so. */
  async function changeLists<Answer>(
    userIds: readonly string[],
    decide: (sql: SqlConnection, locked: LockedPeople, ledger: ListLedger) => Promise<Answer>,
  ): Promise<Answer> {
    const { answer, changed } = await inTransaction(pool, async (sql) => {
      const locked = await lockPeople(sql, userIds);
      const traceparent = options.traceparent();
      const ledger = new ListLedger(locked.lists, { newId: options.moment().newId, traceparent });
      const answer = await decide(sql, locked, ledger);
      await ledger.save(sql);
      return { answer, changed: { events: ledger.events, revisions: ledger.revisions } };
    });
    await options.afterCommit(changed);
    return answer;
  }

  function changeKnown<Result>(pair: Pair, decide: Decide<Result>): Promise<Changed<Result>> {
    const both = [pair.viewerId, pair.otherId];
    return changeLists(both, async (sql, locked, ledger) => {
      const unknown = both.filter((userId) => !locked.people.has(userId));
      if (unknown.length > 0) throw new UnknownPeople(unknown);
      const [state] = await loadRelationships(sql, [pair], locked);
      const relationship = new Relationship(state!, options.moment(), options.limits);
      const result = await decide(relationship, sql);
      ledger.enter(relationship);
      return { result, state: relationship.state, revision: ledger.revisionOf(pair.viewerId) };
    });
  }

  async function change<Result>(pair: Pair, decide: Decide<Result>): Promise<Changed<Result>> {
    try {
      return await changeKnown(pair, decide);
    } catch (error) {
      if (!(error instanceof UnknownPeople)) throw error;
      // Somebody who signed up a moment ago: their event is on its way, and the user service knows them already.
      await options.learnProfiles(error.userIds);
    }
    return changeKnown(pair, decide).catch((error) => {
      if (!(error instanceof UnknownPeople)) throw error;
      throw error.userIds.includes(pair.viewerId) ? accountGone() : userNotFound();
    });
  }

  return {
    change,
    async changeRequest(viewerId, requestId, decide) {
      // Who the two are never changes, so it can be read before the lock; where the request stands is read behind it.
      const known = await findRequest(pool, requestId);
      if (!known || (known.fromId !== viewerId && known.toId !== viewerId)) throw requestNotFound();
      const otherId = known.fromId === viewerId ? known.toId : known.fromId;
      return change({ viewerId, otherId }, async (relationship, sql) => {
        const request = await findRequest(sql, requestId);
        if (!request) throw requestNotFound();
        return decide(relationship, request);
      });
    },
    async changeMany(pairs, decide) {
      const everybody = [...new Set(pairs.flatMap(({ viewerId, otherId }) => [viewerId, otherId]))];
      await options.learnProfiles(everybody);
      return changeLists(everybody, async (sql, locked, ledger) => {
        const areKnown = ({ viewerId, otherId }: Pair) => locked.people.has(viewerId) && locked.people.has(otherId);
        const once = oncePerPair(pairs.filter(areKnown));
        const states = await loadRelationships(sql, [...once.values()], locked);
        const outcomes = new Map(
          [...once.keys()].map((key, at) => {
            const state = ledger.upToDate(states[at]!);
            const relationship = new Relationship(state, options.moment(), options.limits);
            return [key, decideOne(relationship, decide, ledger)];
          }),
        );
        return pairs.map((pair): BatchOutcome => {
          const outcome = outcomes.get(keyOf(pair)) ?? { refused: userNotFound() };
          // The same two again, either way round: by then it has been done.
          if (once.get(keyOf(pair)) !== pair && 'changed' in outcome) return { changed: false };
          return outcome;
        });
      });
    },
  };
}

function decideOne(
  relationship: Relationship,
  decide: (relationship: Relationship) => void,
  ledger: ListLedger,
): BatchOutcome {
  try {
    decide(relationship);
  } catch (error) {
    if (error instanceof FriendRuleError) return { refused: error };
    throw error;
  }
  ledger.enter(relationship);
  return { changed: relationship.events.length > 0 };
}

/** The first pair of each two people, by what the two have in common whichever way round they are named. */
function oncePerPair(pairs: readonly Pair[]): ReadonlyMap<string, Pair> {
  const once = new Map<string, Pair>();
  for (const pair of pairs) if (!once.has(keyOf(pair))) once.set(keyOf(pair), pair);
  return once;
}

function keyOf({ viewerId, otherId }: Pair): string {
  return viewerId < otherId ? `${viewerId} ${otherId}` : `${otherId} ${viewerId}`;
}

function accountGone(): FriendRuleError {
  return new FriendRuleError('UNAUTHENTICATED', 'Your account is gone: sign up again.');
}

function userNotFound(): FriendRuleError {
  return new FriendRuleError('USER_NOT_FOUND', 'There is no such user.', { field: 'userId' });
}
