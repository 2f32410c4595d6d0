import { lostToOthers, preparing, wakeTogether } from '@kith/event-delivery';
import { createTurns, present } from '@kith/service-kit';
import { FriendRuleError } from '../domain/friend-rule-error.ts';
import { requestNotFound } from '../domain/refusals.ts';
import type { Pair } from '../domain/relationship-state.ts';
import { createChangeMany } from './change-many.ts';
import {
  changedLists,
  changeLocked,
  type Decide,
  type Done,
  decideAlone,
  ledgerOf,
  userNotFound,
} from './decide-and-save.ts';
import { type LoadedPair, loadPair, type WhichPair } from './load-pair.ts';
import { findRequest, type KnownPeople, loadRelationships } from './load-relationships.ts';
import type { Changed, Relationships, RelationshipsOptions } from './relationships.ts';
import { PairHasChanged } from './save-pair.ts';

/** How long a command waits at most for the turn of its list, and behind how many others. */
const TURNS = { waitAtMostMs: 1_000, mayWait: 200 };

class UnknownPeople extends Error {
  readonly userIds: readonly string[];
  constructor({ viewerId, otherId }: Pair, { people }: KnownPeople) {
    super('Some people are not known here yet.');
    this.userIds = [viewerId, otherId].filter((userId) => !people.has(userId));
  }
}

/** What the commands of one process share. */
interface Shared extends RelationshipsOptions {
  readonly unlocked: ReturnType<typeof preparing>;
  readonly wakingTogether: ReturnType<typeof wakeTogether>;
  readonly inTurn: ReturnType<typeof createTurns>;
}

export function createRelationships(options: RelationshipsOptions): Relationships {
  const unlocked = preparing(options.pool);
  const shared = { ...options, unlocked, wakingTogether: wakeTogether(unlocked), inTurn: createTurns(TURNS) };
  return {
    change: (pair, decide) => change(pair, decide, shared),
    changeRequest: (viewerId, requestId, decide) =>
      change(
        { viewerId, requestId },
        (relationship, request) => decide(relationship, present(request, 'a command about a request has it')),
        shared,
      ),
    changeMany: createChangeMany(options),
  };
}

async function change<Result>(which: WhichPair, decide: Decide<Result>, shared: Shared): Promise<Changed<Result>> {
  try {
    return await changeKnown(which, decide, shared);
  } catch (error) {
    if (!(error instanceof UnknownPeople)) throw error;
    // Somebody who signed up a moment ago: their event is on its way, and the user service knows them already.
    await shared.learnProfiles(error.userIds);
  }
  return changeKnown(which, decide, shared).catch((error) => {
    if (!(error instanceof UnknownPeople)) throw error;
    throw error.userIds.includes(which.viewerId) ? accountGone() : userNotFound();
  });
}

async function changeKnown<Result>(which: WhichPair, decide: Decide<Result>, shared: Shared): Promise<Changed<Result>> {
  // Whom a request is about is known once it is loaded, and never changes: both lists' turns can be waited for.
  const asked = 'otherId' in which ? { pair: which } : await load(which, shared);
  const { pair } = asked;
  const { answer, ledger } = await shared.inTurn([pair.viewerId, pair.otherId], async () => {
    try {
      return await changeUnlocked('people' in asked ? asked : await load(which, shared), decide, shared);
    } catch (error) {
      if (!(error instanceof PairHasChanged) && !lostToOthers(error)) throw error;
    }
    return changeAfterOthers(which, pair, decide, shared);
  });
  await shared.afterCommit(changedLists(ledger, [pair.viewerId]));
  return answer;
}

async function load(which: WhichPair, { unlocked }: Shared): Promise<LoadedPair> {
  const loaded = await loadPair(unlocked, which);
  if (!loaded) throw requestNotFound();
  return loaded;
}

/** Optimistic concurrency, in two round trips: load, and save unless somebody has changed one of the lists meanwhile. */
async function changeUnlocked<Result>(
  loaded: LoadedPair,
  decide: Decide<Result>,
  shared: Shared,
): Promise<Done<Changed<Result>>> {
  const { pair, state, request } = loaded;
  const { unlocked, wakingTogether } = shared;
  if (!state) throw new UnknownPeople(pair, loaded);
  const ledger = ledgerOf(loaded, shared);
  const answer = decideAlone({ pair, state, request }, ledger, decide, shared);
  if (ledger.moved.size > 0) await wakingTogether((wakesRelays) => ledger.savePair(unlocked, loaded, { wakesRelays }));
  else await ledger.savePair(unlocked, loaded, { wakesRelays: false });
  return { answer, ledger };
}

/** For lists that another process changes at the same time: it waits for the locks, and then it is done. */
function changeAfterOthers<Result>(
  which: WhichPair,
  pair: Pair,
  decide: Decide<Result>,
  shared: Shared,
): Promise<Done<Changed<Result>>> {
  const both = [pair.viewerId, pair.otherId];
  return changeLocked(shared.pool, both, shared, async (sql, locked, ledger) => {
    if (!both.every((userId) => locked.people.has(userId))) throw new UnknownPeople(pair, locked);
    const [state] = await loadRelationships(sql, [pair], locked);
    const request = 'requestId' in which ? await findRequest(sql, which.requestId) : undefined;
    if ('requestId' in which && !request) throw requestNotFound();
    return decideAlone({ pair, state: present(state, 'a pair has a state (S1)'), request }, ledger, decide, shared);
  });
}

function accountGone(): FriendRuleError {
  return new FriendRuleError('UNAUTHENTICATED', 'Your account is gone: sign up again.');
}
