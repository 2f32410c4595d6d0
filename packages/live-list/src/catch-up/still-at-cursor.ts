import type { ListCursors } from '../cursors/list-cursor.ts';
import type { ListHistory } from './live-list.ts';

/**
 * For each list the revision at its cursor when nothing has happened to it since; null when something has, or when the
 * cursor cannot be continued: `changesSince` tells what. All of them in one question, so that a crowd that comes back
 * with current cursors is cheap.
 */
export async function stillAtCursor(
  { cursors, history }: { cursors: ListCursors; history: Pick<ListHistory<never, unknown>, 'timeline' | 'revisions'> },
  lists: readonly { ownerId: string; cursor: string }[],
): Promise<(number | null)[]> {
  const continued = lists.map(({ ownerId, cursor }) => {
    const read = cursors.read(cursor);
    const continues = read?.ownerId === ownerId && read.timeline === history.timeline && read.complete;
    return continues ? read : undefined;
  });
  const ownerIds = new Set(continued.flatMap((cursor) => cursor?.ownerId ?? []));
  const revisions = await history.revisions([...ownerIds]);
  return continued.map((cursor) => {
    const isStill = cursor?.timeline === history.timeline && revisions.get(cursor.ownerId) === cursor.revision;
    return isStill ? cursor.revision : null;
  });
}
