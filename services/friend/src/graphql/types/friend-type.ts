import type { FriendAnswer } from '@kith/event-contracts';
import { KithError, present, readId, readPageSize } from '@kith/service-kit';
import { TEXT_LIMITS } from '../../domain/written-text.ts';
import { friendAnswer } from '../../lists/list-change.ts';
import { writeCursor } from '../../view/entries/page-cursor.ts';
import type { ListOrder } from '../../view/entries/sort-keys.ts';
import { builder, onlyOneself, viewerOf } from './builder.ts';
import { PageInfoType } from './page-info-type.ts';
import { UserType, UserWithProfile } from './user-type.ts';

export const FriendType = builder.objectRef<FriendAnswer>('Friend').implement({
  description: 'A friendship as one of the two keeps it.',
  fields: (t) => ({
    user: t.expose('user', {
      type: UserWithProfile,
      description: 'The friend. Id, nickname and avatarUrl come from the friend service’s own copy.',
    }),
    remark: t.exposeString('remark', { nullable: true, description: 'The name the viewer gave them.' }),
    displayName: t.exposeString('displayName', { description: 'The remark, else the nickname.' }),
    pinned: t.exposeBoolean('pinned', { description: 'Whether the viewer keeps them at the top.' }),
    tags: t.stringList({ description: 'The viewer’s own labels.', resolve: ({ tags }) => [...tags] }),
    since: t.expose('since', { type: 'DateTime', description: 'When the two became friends.' }),
  }),
});

const FriendOrderType = builder.enumType('FriendOrder', {
  description: 'How a friend list is sorted.',
  values: {
    NAME: { description: 'By displayName, pinned friends first.' },
    NEWEST: { description: 'The newest friendship first.' },
  } as const,
});

interface FriendEdge {
  readonly node: FriendAnswer;
  /** Where the friend stands, in the order of the page. */
  readonly member: string;
  readonly order: ListOrder;
}

const cursorOf = ({ order, member }: FriendEdge) => writeCursor(order, member);

const FriendEdgeType = builder.objectRef<FriendEdge>('FriendEdge').implement({
  description: 'A friend in a list.',
  fields: (t) => ({
    cursor: t.string({ description: 'Where this friend stands: pass it as `after`.', resolve: cursorOf }),
    node: t.expose('node', { type: FriendType, description: 'The friend.' }),
  }),
});

const SEARCH_TEXT_LIMIT = 64;

/** A filter that says nothing, as an empty search box does, filters nothing. */
function filterOf<Field extends 'text' | 'tag'>(field: Field, value: string | null | undefined, limit: number) {
  const trimmed = (value ?? '').trim();
  if (trimmed.length > limit * 2 || [...trimmed].length > limit) {
    throw new KithError('BAD_USER_INPUT', `${field} must have at most ${limit} characters.`, { field, limit });
  }
  return trimmed === '' ? {} : { [field]: trimmed };
}

interface FriendConnection {
  readonly edges: FriendEdge[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly totalCount: number;
  readonly listCursor: string;
}

const FriendConnectionType = builder.objectRef<FriendConnection>('FriendConnection').implement({
  description: 'A page of a friend list.',
  fields: (t) => ({
    edges: t.expose('edges', { type: [FriendEdgeType], description: 'The friends of this page, in order.' }),
    pageInfo: t.field({
      type: PageInfoType,
      description: 'Where this page stands in the list.',
      resolve: ({ edges, hasNextPage, hasPreviousPage }) => {
        const [first, last] = [edges[0], edges.at(-1)];
        return {
          ...{ hasNextPage, hasPreviousPage },
          ...{ startCursor: first ? cursorOf(first) : null, endCursor: last ? cursorOf(last) : null },
        };
      },
    }),
    totalCount: t.exposeInt('totalCount', { description: 'How many friends match, on all pages together.' }),
    listCursor: t.exposeString('listCursor', {
      description:
        'Where in the list’s history this page was read: pass it to friendListChanged(after:) and nothing is missed in between.',
    }),
  }),
});

builder.objectFields(UserType, (t) => ({
  friends: t.field({
    type: FriendConnectionType,
    description: 'The user’s friends. Only the user themself can read them; FORBIDDEN for others.',
    args: {
      first: t.arg.int({ defaultValue: 20, description: 'How many, 1 to 100.' }),
      after: t.arg.string({ description: 'The cursor of the last friend of the page before.' }),
      orderBy: t.arg({ type: FriendOrderType, defaultValue: 'NAME', description: 'How to sort.' }),
      text: t.arg.string({
        description: 'Only friends whose remark or nickname contains this, whatever its case and accents.',
      }),
      tag: t.arg.string({ description: 'Only friends with exactly this tag.' }),
    },
    resolve: async ({ id }, { first, after, orderBy, text, tag }, context): Promise<FriendConnection> => {
      onlyOneself(id, context);
      const { parts } = context;
      const page = await parts.view.page(id, {
        order: orderBy ?? 'NAME',
        limit: readPageSize(first ?? 20),
        ...(after == null ? {} : { after }),
        ...filterOf('text', text, SEARCH_TEXT_LIMIT),
        ...filterOf('tag', tag, TEXT_LIMITS.tag),
      });
      const { order, hasNextPage, hasPreviousPage } = page;
      return {
        edges: page.friends.map((friend, at) => ({
          node: friendAnswer(friend),
          member: present(page.members[at], 'each friend of a page has a place'),
          order,
        })),
        hasNextPage,
        hasPreviousPage,
        totalCount: page.totalCount,
        listCursor: parts.cursorAt(id, page.revision),
      };
    },
  }),
}));

builder.queryField('friend', (t) =>
  t.field({
    type: FriendType,
    nullable: true,
    description: 'The viewer’s friendship with this user; null when they are not friends.',
    args: { userId: t.arg.id({ required: true, description: 'The other of the two.' }) },
    resolve: async (_root, { userId }, context) => {
      const { friend } = await context.parts.view.find(viewerOf(context).userId, readId('userId', userId));
      return friend ? friendAnswer(friend) : null;
    },
  }),
);
