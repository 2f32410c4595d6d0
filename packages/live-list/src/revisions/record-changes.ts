import { appendToOutbox, type SqlConnection } from '@kith/event-delivery';
import { type ListEventDraft, RevisionLedger, type Stamp } from './revision-ledger.ts';

// In one order for everybody, so that two transactions with the same lists wait for each other instead of dying.
const MOVE = `
  INSERT INTO live_list (kind, owner_id, revision)
  SELECT kind, owner_id, changes FROM unnest($1::text[], $2::text[], $3::int[]) AS moved (kind, owner_id, changes)
  ORDER BY kind, owner_id
  ON CONFLICT (kind, owner_id) DO UPDATE SET revision = live_list.revision + excluded.revision
  RETURNING kind, owner_id, revision`;

/** Where a list stands after a transaction. */
export interface MovedList {
  readonly kind: string;
  readonly ownerId: string;
  readonly revision: number;
}

/**
 * Counts changes of lists, and appends their events to the outbox, in the caller's transaction: the row of a list in
 * `live_list` is locked until it commits, so that revisions have the order of commits, without a gap. What the changes
 * follow from has to be read after this, or behind a lock of the caller's own.
 */
export async function recordChanges(
  sql: SqlConnection,
  drafts: readonly ListEventDraft[],
  stamp: Stamp,
): Promise<readonly MovedList[]> {
  if (drafts.length === 0) return [];
  const changes = new Map<string, Map<string, number>>();
  for (const { contract, ownerId } of drafts) {
    const ofKind = changes.get(contract.ownerKind) ?? new Map<string, number>();
    changes.set(contract.ownerKind, ofKind.set(ownerId, (ofKind.get(ownerId) ?? 0) + 1));
  }
  const lists = [...changes].flatMap(([kind, owners]) => [...owners].map(([ownerId, count]) => [kind, ownerId, count]));
  const { rows } = await sql.query<{ kind: string; owner_id: string; revision: string }>(
    MOVE,
    [0, 1, 2].map((column) => lists.map((list) => list[column])),
  );
  const moved = rows.map((row) => ({ kind: row.kind, ownerId: row.owner_id, revision: Number(row.revision) }));
  const before = ({ kind, ownerId, revision }: MovedList) =>
    [ownerId, revision - (changes.get(kind)?.get(ownerId) ?? 0)] as const;
  const ledgers = new Map(
    [...changes.keys()].map((kind) => [
      kind,
      new RevisionLedger(moved.filter((list) => list.kind === kind).map(before), stamp),
    ]),
  );
  const events = drafts.flatMap((draft) => ledgers.get(draft.contract.ownerKind)?.record(draft) ?? []);
  await appendToOutbox(sql, events);
  return moved;
}
