import {
  BadStandsQuestion,
  changesSince,
  SnapshotExpired,
  type StandsOptions,
  type StandsQuestion,
  whereListsStand,
} from '@kith/live-list';
import { KithError, readId, readPageSize } from '@kith/service-kit';
import { GraphQLError } from 'graphql';
import { readRoles } from '../store/read-circles.ts';
import { type CirclesContext, onlyForMembers, viewerOf } from './circles-context.ts';

const CHANGES_AT_MOST = 500;
const CHANGES = 200;

interface Since {
  readonly after?: string | null;
  readonly first?: number | null;
}

/** The queries that the declarations of the two lists name. */
export const listQueries = {
  async circleMembersChanges(
    _root: unknown,
    { circleId, after, first }: Since & { circleId: string },
    context: CirclesContext,
  ) {
    viewerOf(context);
    const id = readId('circleId', circleId);
    await onlyForMembers(id, context);
    const { members } = context.parts.lists;
    return withCode(changesSince(members, id, after, readPageSize(first ?? CHANGES, CHANGES_AT_MOST)));
  },
  ownCirclesChanges: (_root: unknown, { after, first }: Since, context: CirclesContext) =>
    withCode(
      changesSince(
        context.parts.lists.own,
        viewerOf(context).userId,
        after,
        readPageSize(first ?? CHANGES, CHANGES_AT_MOST),
      ),
    ),
  // For the gateway, which has shown its key to get here: it asks for many lists at once, so there is no one viewer.
  circleMembersStands: (_root: unknown, asked: StandsQuestion, { parts }: CirclesContext) =>
    standsOf(parts.lists.members, asked, async (pairs) => {
      const roles = await readRoles(
        parts.pool,
        pairs.map(({ ownerId, viewerId }) => ({ circleId: ownerId, userId: viewerId })),
      );
      return roles.map((role) => role !== null);
    }),
  ownCirclesStands: (_root: unknown, asked: StandsQuestion, { parts }: CirclesContext) =>
    standsOf(parts.lists.own, asked),
};

/** The gateway knows by the code that the rest of a snapshot is kept no more, and that another has to be begun. */
async function withCode<Answer>(asked: Promise<Answer>): Promise<Answer> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof SnapshotExpired)) throw error;
    throw new GraphQLError(error.message, { extensions: { code: error.code } });
  }
}

function standsOf(
  { cursors, history }: Pick<StandsOptions, 'cursors' | 'history'>,
  asked: StandsQuestion,
  mayWatch?: StandsOptions['mayWatch'],
) {
  const { owners, viewers } = asked;
  try {
    return whereListsStand(
      { cursors, history, ...(mayWatch && { mayWatch }) },
      {
        ...asked,
        owners: owners.map((id) => readId('owners', id)),
        ...(viewers && { viewers: viewers.map((id) => readId('viewers', id)) }),
      },
    );
  } catch (error) {
    if (!(error instanceof BadStandsQuestion)) throw error;
    throw new KithError('BAD_USER_INPUT', error.message, { field: error.field });
  }
}
