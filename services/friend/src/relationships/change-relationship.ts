import { lostToOthers, preparing, type SqlConnection, wakeTogether } from '@kith/event-delivery';
import { createTurns, present } from '@kith/service-kit';
import type pg from 'pg';
import { FriendRuleError } from '../domain/friend-rule-error.ts';
import { idOfPair, type Moment, Relationship, requestNotFound } from '../domain/relationship.ts';
import type { RelationshipEvent } from '../domain/relationship-events.ts';
import type { FriendLimits, FriendRequest, RelationshipState } from '../domain/relationship-state.ts';
import { inTransaction } from './in-transaction.ts';
import { ListLedger } from './list-ledger.ts';
import { type LoadedPair, loadPair, type WhichPair } from './load-pair.ts';
import { findRequest, type KnownPeople, loadRelationships, lockPeople, type Pair } from './load-relationships.ts';
import { PairHasChanged } from './save-pair.ts';

export interface Changed<Result> {
  readonly result: Result;
  readonly state: RelationshipState;
  /** The viewer's list after the command: where it stands, whether the command moved it or not. */
  readonly revision: number;
}

/** What became of one pair of a batch: the others go on when a rule refuses one. */
type BatchOutcome = { readonly changed: boolean } | { readonly refused: FriendRuleError };

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

/** The Relationship aggregates of a friend database: load, decide, then save state and events in ONE transaction. */
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

/** Of one list, a command waits so long for its turn, behind so many others at most. */
const TURNS = { waitAtMostMs: 1_000, mayWait: 200 };

type Decide<Result> = (relationship: Relationship, request: FriendRequest | undefined) => Result;

interface Done<Answer> {
  readonly answer: Answer;
  readonly ledger: ListLedger;
}

class UnknownPeople extends Error {
  readonly userIds: readonly string[];
  constructor({ viewerId, otherId }: Pair, { people }: KnownPeople) {
    super('Some people are not known here yet.');
    this.userIds = [viewerId, otherId].filter((userId) => !people.has(userId));
  }
}

export function createRelationships(options: RelationshipsOptions): Relationships {
  const { pool } = options;
  const unlocked = preparing(pool);
  const wakingTogether = wakeTogether(unlocked);
  const inTurn = createTurns(TURNS);

  function ledgerOf({ lists }: KnownPeople): ListLedger {
    return new ListLedger(lists, { newId: options.moment().newId, traceparent: options.traceparent() });
  }

  function decideAlone<Result>(
    { viewerId }: Pair,
    state: RelationshipState,
    request: FriendRequest | undefined,
    ledger: ListLedger,
    decide: Decide<Result>,
  ): Changed<Result> {
    const relationship = new Relationship(state, options.moment(), options.limits);
    const result = decide(relationship, request);
    ledger.enter(relationship);
    return { result, state: relationship.state, revision: ledger.revisionOf(viewerId) };
  }

  /** Two round trips: load, and save unless somebody has changed one of the lists meanwhile. */
  async function changeUnlocked<Result>(loaded: LoadedPair, decide: Decide<Result>): Promise<Done<Changed<Result>>> {
    const { pair, state, request } = loaded;
    if (!state) throw new UnknownPeople(pair, loaded);
    const ledger = ledgerOf(loaded);
    const answer = decideAlone(pair, state, request, ledger, decide);
    if (ledger.moved.size > 0)
      await wakingTogether((wakesRelays) => ledger.savePair(unlocked, loaded, { wakesRelays }));
    else await ledger.savePair(unlocked, loaded, { wakesRelays: false });
    return { answer, ledger };
  }

  /** Behind locks. */
  function changeLocked<Answer>(
    on: pg.Pool,
    userIds: readonly string[],
    decide: (sql: SqlConnection, locked: KnownPeople, ledger: ListLedger) => Promise<Answer>,
  ): Promise<Done<Answer>> {
    return inTransaction(on, async (sql) => {
      const locked = await lockPeople(sql, userIds);
      const ledger = ledgerOf(locked);
      const answer = await decide(sql, locked, ledger);
      await ledger.save(sql);
      return { answer, ledger };
    });
  }

  /** For lists that another process changes at the same time: it waits for the locks, and then it is done. */
  async function changeAfterOthers<Result>(
    which: WhichPair,
    pair: Pair,
    decide: Decide<Result>,
  ): Promise<Done<Changed<Result>>> {
    const both = [pair.viewerId, pair.otherId];
    return changeLocked(pool, both, async (sql, locked, ledger) => {
      if (!both.every((userId) => locked.people.has(userId))) throw new UnknownPeople(pair, locked);
      const [state] = await loadRelationships(sql, [pair], locked);
      const request = 'requestId' in which ? await findRequest(sql, which.requestId) : undefined;
      if ('requestId' in which && !request) throw requestNotFound();
      return decideAlone(pair, present(state, 'a pair has a state (S1)'), request, ledger, decide);
    });
  }

  async function load(which: WhichPair): Promise<LoadedPair> {
    const loaded = await loadPair(unlocked, which);
    if (!loaded) throw requestNotFound();
    return loaded;
  }

  async function changeKnown<Result>(which: WhichPair, decide: Decide<Result>): Promise<Changed<Result>> {
    // Whom a request is about is known once it is loaded, and never changes: both lists' turns can be waited for.
    const asked = 'otherId' in which ? { pair: which } : await load(which);
    const { pair } = asked;
    const { answer, ledger } = await inTurn([pair.viewerId, pair.otherId], async () => {
      try {
        return await changeUnlocked('people' in asked ? asked : await load(which), decide);
      } catch (error) {
        if (!(error instanceof PairHasChanged) && !lostToOthers(error)) throw error;
      }
      return changeAfterOthers(which, pair, decide);
    });
    await options.afterCommit(changedLists(ledger, [pair.viewerId]));
    return answer;
  }

  async function change<Result>(which: WhichPair, decide: Decide<Result>): Promise<Changed<Result>> {
    try {
      return await changeKnown(which, decide);
    } catch (error) {
      if (!(error instanceof UnknownPeople)) throw error;
      // Somebody who signed up a moment ago: their event is on its way, and the user service knows them already.
      await options.learnProfiles(error.userIds);
    }
    return changeKnown(which, decide).catch((error) => {
      if (!(error instanceof UnknownPeople)) throw error;
      throw error.userIds.includes(which.viewerId) ? accountGone() : userNotFound();
    });
  }

  return {
    change,
    changeRequest: (viewerId, requestId, decide) =>
      change({ viewerId, requestId }, (relationship, request) =>
        decide(relationship, present(request, 'a command about a request has it')),
      ),
    async changeMany(pairs, decide) {
      const everybody = [...new Set(pairs.flatMap(({ viewerId, otherId }) => [viewerId, otherId]))];
      await options.learnProfiles(everybody);
      const { answer, ledger } = await changeLocked(
        options.background ?? pool,
        everybody,
        async (sql, locked, ledger) => {
          const areKnown = ({ viewerId, otherId }: Pair) => locked.people.has(viewerId) && locked.people.has(otherId);
          const once = oncePerPair(pairs.filter(areKnown));
          const states = await loadRelationships(sql, [...once.values()], locked);
          const outcomes = new Map(
            [...once.keys()].map((key, at) => {
              const state = ledger.upToDate(present(states[at], 'a pair has a state (S1)'));
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
        },
      );
      await options.afterCommit(changedLists(ledger, everybody));
      return answer;
    },
  };
}

/** After the commit. `promisedTo`: whose readers may rely on the answer even if their list has not moved. */
function changedLists(ledger: ListLedger, promisedTo: readonly string[]): ChangedLists {
  const { moved, revisions } = ledger;
  const events = ledger.takeEvents();
  if (events.length === 0) return { events, revisions };
  const promised = new Set([...promisedTo, ...moved]);
  return { events, revisions: new Map([...revisions].filter(([ownerId]) => promised.has(ownerId))) };
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

/** The first pair of each two people, whichever way round they are named. */
function oncePerPair(pairs: readonly Pair[]): ReadonlyMap<string, Pair> {
  const once = new Map<string, Pair>();
  for (const pair of pairs) if (!once.has(keyOf(pair))) once.set(keyOf(pair), pair);
  return once;
}

function keyOf({ viewerId, otherId }: Pair): string {
  return idOfPair(viewerId, otherId);
}

function accountGone(): FriendRuleError {
  return new FriendRuleError('UNAUTHENTICATED', 'Your account is gone: sign up again.');
}

function userNotFound(): FriendRuleError {
  return new FriendRuleError('USER_NOT_FOUND', 'There is no such user.', { field: 'userId' });
}
