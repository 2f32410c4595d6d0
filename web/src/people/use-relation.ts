import { useLive } from '../connection/use-live-list.ts';
import type { Relation } from '../generated/graphql.ts';
import { relationIn } from './relation-in.ts';

/**
 * What a person is to the viewer, now: the live list knows of friends and requests before any answer does. A block is
 * not on the list, so there the answer counts.
 */
export function useRelation(userId: string, answered: Relation): Relation {
  return useLive((list) => relationIn(list, userId, answered));
}
