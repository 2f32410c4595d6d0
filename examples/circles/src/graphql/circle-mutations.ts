import { readId } from '@kith/service-kit';
import type { Role } from '../contracts/circle-events.ts';
import { type CircleLimits, join, leave, remove, rename, setRole } from '../rules/circle.ts';
import { circleName } from '../rules/circle-name.ts';
import type { Decide } from '../store/change-circles.ts';
import { type CirclesContext, viewerOf } from './circles-context.ts';

interface Input<Fields> {
  readonly input: Fields;
}
interface OfCircle {
  readonly circleId: string;
}
interface OfMember extends OfCircle {
  readonly userId: string;
}

async function payloadOf(circleId: string, context: CirclesContext) {
  const { own } = context.parts.lists;
  const { userId: ownerId } = viewerOf(context);
  const revision = await own.history.revision(ownerId);
  const listCursor = own.cursors.write({ timeline: own.history.timeline, ownerId, revision, complete: true });
  const circle = (await context.circles.load(circleId)) && { __typename: 'Circle', id: circleId };
  return { circle, listCursor };
}

/** One command about a circle, its viewer, and perhaps another. */
async function command(input: OfCircle & { userId?: string }, context: CirclesContext, decide: (ids: Ids) => Decide) {
  const { userId: viewerId } = viewerOf(context);
  const circleId = readId('circleId', input.circleId);
  const otherId = input.userId === undefined ? viewerId : readId('userId', input.userId);
  await context.parts.circles.change(circleId, [...new Set([viewerId, otherId])], decide({ viewerId, otherId }));
  return payloadOf(circleId, context);
}

interface Ids {
  readonly viewerId: string;
  readonly otherId: string;
}

export const circleMutations = (limits: CircleLimits) => ({
  async createCircle(_root: unknown, { input }: Input<{ name: string }>, context: CirclesContext) {
    const { userId } = viewerOf(context);
    return payloadOf(await context.parts.circles.create(userId, circleName(input.name)), context);
  },
  joinCircle: (_root: unknown, { input }: Input<OfCircle>, context: CirclesContext) =>
    command(
      input,
      context,
      ({ viewerId }) =>
        (circle, now) =>
          join(circle, viewerId, now, limits),
    ),
  leaveCircle: (_root: unknown, { input }: Input<OfCircle>, context: CirclesContext) =>
    command(
      input,
      context,
      ({ viewerId }) =>
        (circle) =>
          leave(circle, viewerId),
    ),
  renameCircle(_root: unknown, { input }: Input<OfCircle & { name: string }>, context: CirclesContext) {
    const name = circleName(input.name);
    return command(
      { circleId: input.circleId },
      context,
      ({ viewerId }) =>
        (circle) =>
          rename(circle, viewerId, name),
    );
  },
  setCircleRole: (_root: unknown, { input }: Input<OfMember & { role: Role }>, context: CirclesContext) =>
    command(
      input,
      context,
      ({ viewerId, otherId }) =>
        (circle) =>
          setRole(circle, viewerId, otherId, input.role),
    ),
  removeCircleMember: (_root: unknown, { input }: Input<OfMember>, context: CirclesContext) =>
    command(
      input,
      context,
      ({ viewerId, otherId }) =>
        (circle) =>
          remove(circle, viewerId, otherId),
    ),
});
