import type { FriendAnswer, FriendRequestAnswer } from '@kith/event-contracts';
import { readId } from '@kith/service-kit';
import { friendData, requestData } from '../../domain/list-events.ts';
import type { Relationship } from '../../domain/relationship.ts';
import type { FriendRequest } from '../../domain/relationship-state.ts';
import { friendAnswer, requestAnswer } from '../../lists/list-change.ts';
import type { Changed } from '../../relationships/relationships.ts';
import { type FriendContext, viewerOf } from '../types/builder.ts';

/** One command about the viewer and another: the rule in `decide`, in one transaction with its events. */
export function command<Result>(
  context: FriendContext,
  otherId: string,
  decide: (relationship: Relationship) => Result,
) {
  const { userId: viewerId } = viewerOf(context);
  return context.parts.relationships.change({ viewerId, otherId: readId('userId', otherId) }, decide);
}

/** The same about a request of the viewer's. */
export function commandRequest<Result>(
  context: FriendContext,
  requestId: string,
  decide: (relationship: Relationship, request: FriendRequest) => Result,
) {
  const { userId: viewerId } = viewerOf(context);
  return context.parts.relationships.changeRequest(viewerId, readId('requestId', requestId), decide);
}

/** The place of the viewer's list after a command: to resume from, and to compare with changes that arrive. */
export interface ListPlace {
  readonly listCursor: string;
  readonly listRevision: number;
}

export function placeOf(context: FriendContext, { revision }: Changed<unknown>): ListPlace {
  return { listCursor: context.parts.cursorAt(viewerOf(context).userId, revision), listRevision: revision };
}

/** The friendship after the command; null when they are no friends. */
export function friendOf({ state }: Changed<unknown>): FriendAnswer | null {
  const { viewer, other } = state;
  return viewer.friend && friendAnswer(friendData(other.person, viewer.friend));
}

export function requestOf({ state }: Changed<unknown>, request: FriendRequest): FriendRequestAnswer {
  const people = new Map([state.viewer, state.other].map(({ person }) => [person.userId, person]));
  return requestAnswer(requestData(request, people));
}
