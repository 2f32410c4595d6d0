import { setTimeout as sleep } from 'node:timers/promises';
import { atMostAtOnce, createTurns, dear, KithError, type Reads, readPageSize } from '@kith/service-kit';
import { type FriendSuggestion, suggestFriends } from '../../queries/suggest-friends.ts';
import { builder, onlyOneself } from '../types/builder.ts';
import { UserType, UserWithProfile } from '../types/user-type.ts';

const FriendSuggestionType = builder.objectRef<FriendSuggestion>('FriendSuggestion').implement({
  description: 'Somebody the viewer may know.',
  fields: (t) => ({
    user: t.expose('user', { type: UserWithProfile, description: 'Who.' }),
    mutualFriendCount: t.exposeInt('mutualFriendCount', { description: 'How many friends the two have in common.' }),
  }),
});

/** Of the connections for reads; the others are for everybody else. */
const AT_ONCE = 2;
/** Each takes a few hundredths of a second: whoever is behind so many would wait for longer than a moment. */
const MAY_WAIT = 40;
const PER_PERSON = { waitAtMostMs: 1_000, mayWait: 4 };

const inPersonsTurn = createTurns(PER_PERSON);
const inAPlace = atMostAtOnce(AT_ONCE, {
  mayWait: MAY_WAIT,
  refusal: () =>
    new KithError('SERVICE_UNAVAILABLE', 'Many ask for suggestions at this moment: try again in a moment.', {
      retryAfterMs: 1_000,
    }),
});

/** For so many times as long as one took its place stays empty: a crowd has a part of the processors, and not all. */
const RESTS_TIMES = 3;
const RESTS_AT_MOST_MS = 200;

/** Bulkhead: the dearest read runs one at a time for a person, and two at a time in a process, with a rest after each. */
function suggestInTurn(reads: Reads, viewerId: string, first: number): Promise<FriendSuggestion[]> {
  return inPersonsTurn([viewerId], () => beforeARest(() => suggestFriends(reads, viewerId, first)));
}

/** Pacing: resolves as soon as the work is done; its place is free again after the rest. */
function beforeARest<Result>(work: () => Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const withRest = async () => {
      const since = performance.now();
      await work().then(resolve, reject);
      const restMs = Math.min(RESTS_AT_MOST_MS, RESTS_TIMES * (performance.now() - since));
      await sleep(restMs, undefined, { ref: false });
    };
    inAPlace(withRest).catch(reject);
  });
}

builder.objectField(UserType, 'suggestedFriends', (t) =>
  t.field({
    ...dear,
    type: [FriendSuggestionType],
    description:
      'People the viewer may know: most friends in common first; nobody they are related to already. Only the user ' +
      'themself can read it; FORBIDDEN for others.',
    args: { first: t.arg.int({ defaultValue: 20, description: 'How many, 1 to 100.' }) },
    resolve: ({ id }, { first }, context) => {
      const { userId } = onlyOneself(id, context);
      return suggestInTurn(context.lateReads([userId]), userId, readPageSize(first ?? 20));
    },
  }),
);
