import { readId, readPageSize } from '@kith/service-kit';
import { memberAnswer } from '../lists/circle-lists.ts';
import { readCirclesOf, readMembers } from '../store/read-circles.ts';
import { memberData } from '../store/save-circle.ts';
import { type CirclesContext, onlyForMembers, viewerOf } from './circles-context.ts';

const MOST_A_PAGE = 500;

interface Reference {
  readonly id: string;
}
interface PageArguments {
  readonly first?: number | null;
  readonly after?: string | null;
}

const loaded = async ({ id }: Reference, context: CirclesContext) => context.circles.load(id);

/** Entities: whoever has the id is given the rest. */
export const circleFields = {
  Circle: {
    async __resolveReference({ id }: Reference, context: CirclesContext) {
      const circle = await context.circles.load(readId('id', id));
      return circle && { __typename: 'Circle', id: circle.id };
    },
    name: async (circle: Reference, _args: unknown, context: CirclesContext) => (await loaded(circle, context))?.name,
    memberCount: async (circle: Reference, _args: unknown, context: CirclesContext) =>
      (await loaded(circle, context))?.memberCount,
    viewerRole: ({ id }: Reference, _args: unknown, context: CirclesContext) =>
      context.viewer ? context.roles.load(id) : null,
    async members({ id }: Reference, { first, after }: PageArguments, context: CirclesContext) {
      await onlyForMembers(id, context);
      const members = await readMembers(context.parts.pool, id, {
        first: readPageSize(first ?? 100, MOST_A_PAGE),
        after: after == null ? undefined : readId('after', after),
      });
      return members.map((member) => memberAnswer(memberData(member)));
    },
  },
  User: {
    __resolveReference: ({ id }: Reference) => ({ __typename: 'User', id: readId('id', id) }),
    async circles({ id }: Reference, { first }: PageArguments, context: CirclesContext) {
      const { userId } = viewerOf(context);
      const circles = await readCirclesOf(context.parts.pool, id, {
        first: readPageSize(first ?? 100, MOST_A_PAGE),
        sharedWith: id === userId ? undefined : userId,
      });
      return circles.map(({ circleId }) => ({ __typename: 'Circle', id: circleId }));
    },
  },
};
