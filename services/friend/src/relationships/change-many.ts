import { present } from '@kith/service-kit';
import { FriendRuleError } from '../domain/friend-rule-error.ts';
import { Relationship } from '../domain/relationship.ts';
import { idOfPair, type Pair } from '../domain/relationship-state.ts';
import { changedLists, changeLocked, userNotFound } from './decide-and-save.ts';
import type { ListLedger } from './list-ledger.ts';
import { type KnownPeople, loadRelationships } from './load-relationships.ts';
import type { BatchOutcome, Relationships, RelationshipsOptions } from './relationships.ts';

/** Changes a batch of pairs in one transaction. */
export function createChangeMany(options: RelationshipsOptions): Relationships['changeMany'] {
  const { pool, background = pool, learnProfiles, afterCommit, moment, limits } = options;
  return async function changeMany(pairs, decide) {
    const everybody = [...new Set(pairs.flatMap(({ viewerId, otherId }) => [viewerId, otherId]))];
    await learnProfiles(everybody);
    const { answer, ledger } = await changeLocked(background, everybody, options, async (sql, locked, ledger) => {
      const once = oncePerPair(pairs.filter((pair) => areKnown(pair, locked)));
      const states = await loadRelationships(sql, [...once.values()], locked);
      const outcomes = new Map(
        [...once.keys()].map((key, at) => {
          const state = ledger.upToDate(present(states[at], 'a pair has a state (S1)'));
          const relationship = new Relationship(state, moment(), limits);
          return [key, decideOne(relationship, decide, ledger)];
        }),
      );
      return pairs.map((pair) => outcomeOf(pair, once, outcomes));
    });
    await afterCommit(changedLists(ledger, everybody));
    return answer;
  };
}

function areKnown({ viewerId, otherId }: Pair, { people }: KnownPeople): boolean {
  return people.has(viewerId) && people.has(otherId);
}

function outcomeOf(
  pair: Pair,
  once: ReadonlyMap<string, Pair>,
  outcomes: ReadonlyMap<string, BatchOutcome>,
): BatchOutcome {
  const outcome = outcomes.get(keyOf(pair)) ?? { refused: userNotFound() };
  // The same two again, either way round: by then it has been done.
  if (once.get(keyOf(pair)) !== pair && 'changed' in outcome) return { changed: false };
  return outcome;
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
