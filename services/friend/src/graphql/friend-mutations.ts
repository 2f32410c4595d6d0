import { readId } from '@kith/service-kit';
import { friendData, requestData } from '../domain/list-events.ts';
import type { Relationship } from '../domain/relationship.ts';
import type { FriendRequest } from '../domain/relationship-state.ts';
import {
  type FriendAnswer,
  type FriendRequestAnswer,
  friendAnswer,
  requestAnswer,
  type UserStub,
  userStub,
} from '../lists/list-change.ts';
import type { Changed } from '../relationships/change-relationship.ts';
import { builder, type FriendContext, viewerOf } from './builder.ts';
import { FriendRequestType } from './friend-request-type.ts';
import { FriendType } from './friend-type.ts';
import { UserWithProfile } from './user-type.ts';

const LIST_REVISION = 'The revision at `listCursor`: a list that has it shows the change.';
const LIST_CURSOR = 'The viewer’s list after the change. A list read after the reply always includes the change.';

/** One command about the viewer and another: the rule in `decide`, in one transaction with its events. */
function command<Result>(context: FriendContext, otherId: string, decide: (relationship: Relationship) => Result) {
  const { userId: viewerId } = viewerOf(context);
  return context.parts.relationships.change({ viewerId, otherId: readId('userId', otherId) }, decide);
}

/** The same about a request of the viewer's. */
function commandRequest<Result>(
  context: FriendContext,
  requestId: string,
  decide: (relationship: Relationship, request: FriendRequest) => Result,
) {
  const { userId: viewerId } = viewerOf(context);
  return context.parts.relationships.changeRequest(viewerId, readId('requestId', requestId), decide);
}

/** Where the viewer's list stands after a command: for resuming, and for comparing with changes that arrive. */
interface ListPlace {
  readonly listCursor: string;
  readonly listRevision: number;
}

function placeOf(context: FriendContext, { revision }: Changed<unknown>): ListPlace {
  return { listCursor: context.parts.cursorAt(viewerOf(context).userId, revision), listRevision: revision };
}

function friendOf({ state }: Changed<unknown>): FriendAnswer | null {
  const { viewer, other } = state;
  return viewer.friend && friendAnswer(friendData(other.person, viewer.friend));
}

function requestOf({ state }: Changed<unknown>, request: FriendRequest): FriendRequestAnswer {
  const people = new Map([state.viewer, state.other].map(({ person }) => [person.userId, person]));
  return requestAnswer(requestData(request, people));
}

const FriendPayload = builder.objectRef<ListPlace & { friend: FriendAnswer }>('FriendPayload').implement({
  description: 'The friendship after the change.',
  fields: (t) => ({
    friend: t.expose('friend', { type: FriendType, description: 'The friend as they are now.' }),
    listCursor: t.exposeString('listCursor', { description: LIST_CURSOR }),
    listRevision: t.exposeInt('listRevision', { description: LIST_REVISION }),
  }),
});

const FriendRequestPayload = builder
  .objectRef<ListPlace & { request: FriendRequestAnswer }>('FriendRequestPayload')
  .implement({
    description: 'The request that was closed.',
    fields: (t) => ({
      request: t.expose('request', { type: FriendRequestType, description: 'The request.' }),
      listCursor: t.exposeString('listCursor', { description: LIST_CURSOR }),
      listRevision: t.exposeInt('listRevision', { description: LIST_REVISION }),
    }),
  });

const AddFriendInput = builder.inputType('AddFriendInput', {
  description: 'Whom to befriend.',
  fields: (t) => ({
    userId: t.id({ required: true, description: 'The other.' }),
    message: t.string({ description: 'What they read with the request: at most 200 characters.' }),
    remark: t.string({ description: 'What the viewer calls them: at most 64 characters; only the viewer sees it.' }),
  }),
});

const AddFriendPayload = builder
  .objectRef<ListPlace & { friend: FriendAnswer | null; request: FriendRequestAnswer | null }>('AddFriendPayload')
  .implement({
    description: 'Exactly one of friend and request.',
    fields: (t) => ({
      friend: t.expose('friend', { type: FriendType, nullable: true, description: 'They are friends now.' }),
      request: t.expose('request', { type: FriendRequestType, nullable: true, description: 'They have been asked.' }),
      listCursor: t.exposeString('listCursor', { description: LIST_CURSOR }),
      listRevision: t.exposeInt('listRevision', { description: LIST_REVISION }),
    }),
  });

builder.mutationField('addFriend', (t) =>
  t.field({
    type: AddFriendPayload,
    description:
      'Binds the two at once when the other’s policy is OPEN or they have already asked; sends a request when it is ' +
      'APPROVAL; NOT_ALLOWED when it is CLOSED (or they blocked the viewer: the two look alike).',
    args: { input: t.arg({ type: AddFriendInput, required: true, description: 'Whom, and what to tell them.' }) },
    resolve: async (_root, { input }, context) => {
      const changed = await command(context, input.userId, (relationship) => relationship.add(input));
      const { openRequest } = changed.state;
      return {
        friend: friendOf(changed),
        request: openRequest && requestOf(changed, openRequest),
        ...placeOf(context, changed),
      };
    },
  }),
);

const AcceptFriendRequestInput = builder.inputType('AcceptFriendRequestInput', {
  description: 'Which request to accept.',
  fields: (t) => ({
    requestId: t.id({ required: true, description: 'The request.' }),
    remark: t.string({ description: 'What the viewer calls the new friend: at most 64 characters.' }),
  }),
});

builder.mutationField('acceptFriendRequest', (t) =>
  t.field({
    type: FriendPayload,
    description: 'Makes friends with somebody who has asked.',
    args: { input: t.arg({ type: AcceptFriendRequestInput, required: true, description: 'Which request.' }) },
    resolve: async (_root, { input }, context) => {
      const changed = await commandRequest(context, input.requestId, (relationship, request) =>
        relationship.accept(request, input.remark),
      );
      return { friend: friendOf(changed)!, ...placeOf(context, changed) };
    },
  }),
);

const FriendRequestInput = builder.inputType('FriendRequestInput', {
  description: 'Which request.',
  fields: (t) => ({ requestId: t.id({ required: true, description: 'The request.' }) }),
});

builder.mutationField('declineFriendRequest', (t) =>
  t.field({
    type: FriendRequestPayload,
    description: 'Says no to somebody who has asked. They may ask again after a while.',
    args: { input: t.arg({ type: FriendRequestInput, required: true, description: 'Which request.' }) },
    resolve: async (_root, { input }, context) => {
      const changed = await commandRequest(context, input.requestId, (relationship, request) =>
        relationship.decline(request),
      );
      return { request: requestOf(changed, changed.result), ...placeOf(context, changed) };
    },
  }),
);

builder.mutationField('cancelFriendRequest', (t) =>
  t.field({
    type: FriendRequestPayload,
    description: 'Takes back a request of the viewer’s own.',
    args: { input: t.arg({ type: FriendRequestInput, required: true, description: 'Which request.' }) },
    resolve: async (_root, { input }, context) => {
      const changed = await commandRequest(context, input.requestId, (relationship, request) =>
        relationship.cancel(request),
      );
      return { request: requestOf(changed, changed.result), ...placeOf(context, changed) };
    },
  }),
);

const UpdateFriendInput = builder.inputType('UpdateFriendInput', {
  description: 'What to change of what the viewer keeps about a friend. A field left out stays.',
  fields: (t) => ({
    userId: t.id({ required: true, description: 'The friend.' }),
    remark: t.string({ description: 'At most 64 characters; null or "" clears it.' }),
    pinned: t.boolean({ description: 'Whether to keep them at the top.' }),
    tags: t.stringList({ description: 'All of them: at most 10 of at most 32 characters.' }),
  }),
});

builder.mutationField('updateFriend', (t) =>
  t.field({
    type: FriendPayload,
    description:
      'Changes what the viewer keeps about a friend. A field left out stays; `remark: null` or "" clears it.',
    args: { input: t.arg({ type: UpdateFriendInput, required: true, description: 'Whom, and what.' }) },
    resolve: async (_root, { input }, context) => {
      const changed = await command(context, input.userId, (relationship) => relationship.update(input));
      return { friend: friendOf(changed)!, ...placeOf(context, changed) };
    },
  }),
);

const RemoveFriendInput = builder.inputType('RemoveFriendInput', {
  description: 'Whom to unbind.',
  fields: (t) => ({ userId: t.id({ required: true, description: 'The friend.' }) }),
});

const RemoveFriendPayload = builder
  .objectRef<ListPlace & { userId: string; changed: boolean }>('RemoveFriendPayload')
  .implement({
    description: 'What `removeFriend` answers.',
    fields: (t) => ({
      userId: t.exposeID('userId', { description: 'Who is no friend now.' }),
      changed: t.exposeBoolean('changed', { description: 'false: they were no friend before.' }),
      listCursor: t.exposeString('listCursor', { description: LIST_CURSOR }),
      listRevision: t.exposeInt('listRevision', { description: LIST_REVISION }),
    }),
  });

builder.mutationField('removeFriend', (t) =>
  t.field({
    type: RemoveFriendPayload,
    description: 'Unbinds the two, on both lists.',
    args: { input: t.arg({ type: RemoveFriendInput, required: true, description: 'Whom.' }) },
    resolve: async (_root, { input }, context) => {
      const changed = await command(context, input.userId, (relationship) => relationship.remove());
      const { userId } = changed.state.other.person;
      return { userId, changed: changed.result, ...placeOf(context, changed) };
    },
  }),
);

const BlockUserInput = builder.inputType('BlockUserInput', {
  description: 'Whom to block or unblock.',
  fields: (t) => ({ userId: t.id({ required: true, description: 'The other.' }) }),
});

const BlockUserPayload = builder
  .objectRef<ListPlace & { user: UserStub; changed: boolean }>('BlockUserPayload')
  .implement({
    description: 'What `blockUser` and `unblockUser` answer.',
    fields: (t) => ({
      user: t.expose('user', { type: UserWithProfile, description: 'The other.' }),
      changed: t.exposeBoolean('changed', { description: 'false: it was so before.' }),
      listCursor: t.exposeString('listCursor', { description: LIST_CURSOR }),
      listRevision: t.exposeInt('listRevision', { description: LIST_REVISION }),
    }),
  });

async function answerBlock(context: FriendContext, userId: string, decide: (relationship: Relationship) => boolean) {
  const changed = await command(context, userId, decide);
  return {
    user: userStub(changed.state.other.person),
    changed: changed.result,
    ...placeOf(context, changed),
  };
}

builder.mutationField('blockUser', (t) =>
  t.field({
    type: BlockUserPayload,
    description:
      'Also unbinds, and closes requests in both directions. The blocked side learns only that the friendship ended.',
    args: { input: t.arg({ type: BlockUserInput, required: true, description: 'Whom.' }) },
    resolve: (_root, { input }, context) => answerBlock(context, input.userId, (relationship) => relationship.block()),
  }),
);

builder.mutationField('unblockUser', (t) =>
  t.field({
    type: BlockUserPayload,
    description: 'Lets them ask again; what was before does not come back.',
    args: { input: t.arg({ type: BlockUserInput, required: true, description: 'Whom.' }) },
    resolve: (_root, { input }, context) =>
      answerBlock(context, input.userId, (relationship) => relationship.unblock()),
  }),
);
