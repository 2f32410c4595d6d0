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

/** Bulkhead: the dearest read runs one at a time for a person, and two at a time in a process. */
function suggestInTurn(reads: Reads, viewerId: string, first: number): Promise<FriendSuggestion[]> {
  return inPersonsTurn([viewerId], () => inAPlace(() => suggestFriends(reads, viewerId, first)));
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
