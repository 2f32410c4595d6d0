import type { ListHistory } from './changes-since.ts';
import { readListCursor } from './list-cursor.ts';
import type { RevisionReader } from './read-list-history.ts';

/**
 * For each list the revision at its cursor when nothing has happened to it since; null when something has, or when the
 * cursor cannot be continued: `changesSince` tells what. Costs one Redis read a list that has a view, all in one round
 * trip, so that a crowd that comes back with current cursors is cheap.
 */
export async function stillAtCursor(
  history: Pick<ListHistory, 'timeline'> & RevisionReader,
  lists: readonly { ownerId: string; cursor: string }[],
): Promise<(number | null)[]> {
  const cursors = lists.map(({ ownerId, cursor }) => {
    const read = readListCursor(cursor);
    const continues = read?.ownerId === ownerId && read.timeline === history.timeline && read.complete;
    return continues ? read : undefined;
  });
  const ownerIds = new Set(cursors.flatMap((cursor) => cursor?.ownerId ?? []));
  const revisions = await history.revisions([...ownerIds]);
  return cursors.map((cursor) => {
    const isStill = cursor?.timeline === history.timeline && revisions.get(cursor.ownerId) === cursor.revision;
    return isStill ? cursor.revision : null;
  });
}
