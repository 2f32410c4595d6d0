import { KithError, type SubgraphContext } from '@kith/service-kit';
import DataLoader from 'dataloader';
import type pg from 'pg';
import type { Role } from '../contracts/circle-events.ts';
import type { CircleLists } from '../lists/circle-lists.ts';
import type { Circles } from '../store/change-circles.ts';
import { type CircleRow, readCircles, readRoles } from '../store/read-circles.ts';

/** What the operations work with; assembled once, by start-circles.ts. */
export interface CirclesParts {
  readonly pool: pg.Pool;
  readonly circles: Circles;
  readonly lists: CircleLists;
}

export interface CirclesContext extends SubgraphContext {
  readonly parts: CirclesParts;
  /** Circles by id, and the viewer's roles in them: all that are asked for at once in one statement. */
  readonly circles: DataLoader<string, CircleRow | null>;
  readonly roles: DataLoader<string, Role | null>;
}

export function circlesContext(request: SubgraphContext, parts: CirclesParts): CirclesContext {
  return {
    ...request,
    parts,
    circles: new DataLoader(async (ids) => {
      const found = await readCircles(parts.pool, ids);
      return ids.map((id) => found.get(id) ?? null);
    }),
    roles: new DataLoader(async (circleIds) => {
      const { userId } = viewerOf(request);
      return readRoles(
        parts.pool,
        circleIds.map((circleId) => ({ circleId, userId })),
      );
    }),
  };
}

/** The signed-in user; KithError UNAUTHENTICATED when nobody is. */
export function viewerOf({ viewer }: SubgraphContext): { readonly userId: string } {
  if (viewer) return viewer;
  throw new KithError('UNAUTHENTICATED', 'Sign in first.');
}

/** KithError FORBIDDEN unless the viewer is in the circle: also for a circle that is not there. */
export async function onlyForMembers(circleId: string, context: CirclesContext): Promise<void> {
  if (await context.roles.load(circleId)) return;
  throw new KithError('FORBIDDEN', 'Only members of the circle can read this.');
}
