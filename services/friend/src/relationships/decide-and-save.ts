import type { SqlConnection } from '@kith/event-delivery';
import type pg from 'pg';
import { FriendRuleError } from '../domain/friend-rule-error.ts';
import { Relationship } from '../domain/relationship.ts';
import type { FriendRequest, Pair, RelationshipState } from '../domain/relationship-state.ts';
import { inTransaction } from './in-transaction.ts';
import { ListLedger } from './list-ledger.ts';
import { type KnownPeople, lockPeople } from './load-relationships.ts';
import type { Changed, ChangedLists, RelationshipsOptions } from './relationships.ts';

export type Decide<Result> = (relationship: Relationship, request: FriendRequest | undefined) => Result;

export interface Done<Answer> {
  readonly answer: Answer;
  readonly ledger: ListLedger;
}

/** With what a rule is asked. */
export type Deciding = Pick<RelationshipsOptions, 'moment' | 'limits' | 'traceparent'>;

export function ledgerOf({ lists }: KnownPeople, { moment, traceparent }: Deciding): ListLedger {
  return new ListLedger(lists, { newId: moment().newId, traceparent: traceparent() });
}

/** Asks the rule about one pair, and enters in the ledger what it records. */
export function decideAlone<Result>(
  { pair, state, request }: { pair: Pair; state: RelationshipState; request: FriendRequest | undefined },
  ledger: ListLedger,
  decide: Decide<Result>,
  { moment, limits }: Deciding,
): Changed<Result> {
  const relationship = new Relationship(state, moment(), limits);
  const result = decide(relationship, request);
  ledger.enter(relationship);
  return { result, state: relationship.state, revision: ledger.revisionOf(pair.viewerId) };
}

/** Pessimistic locking: one transaction behind the locks of these people's lists. */
export function changeLocked<Answer>(
  on: pg.Pool,
  userIds: readonly string[],
  deciding: Deciding,
  decide: (sql: SqlConnection, locked: KnownPeople, ledger: ListLedger) => Promise<Answer>,
): Promise<Done<Answer>> {
  return inTransaction(on, async (sql) => {
    const locked = await lockPeople(sql, userIds);
    const ledger = ledgerOf(locked, deciding);
    const answer = await decide(sql, locked, ledger);
    await ledger.save(sql);
    return { answer, ledger };
  });
}

/** After the commit. `promisedTo`: whose readers may rely on the answer even if their list has not moved. */
export function changedLists(ledger: ListLedger, promisedTo: readonly string[]): ChangedLists {
  const { moved, revisions } = ledger;
  const events = ledger.takeEvents();
  if (events.length === 0) return { events, revisions };
  const promised = new Set([...promisedTo, ...moved]);
  return { events, revisions: new Map([...revisions].filter(([ownerId]) => promised.has(ownerId))) };
}

export function userNotFound(): FriendRuleError {
  return new FriendRuleError('USER_NOT_FOUND', 'There is no such user.', { field: 'userId' });
}
