import { inTransaction, type SqlConnection } from '@kith/event-delivery';
import type { EnvelopeOf, EventContract } from '@kith/event-delivery/envelope';
import type pg from 'pg';
import { loadRevisions } from '../revisions/load-revisions.ts';
import type { ListHistory, WholeList } from './live-list.ts';
import { type ListContracts, readListEvents } from './read-list-events.ts';
import { type ReadPages, snapshotsInParts } from './snapshot-in-parts.ts';

const ONE_SNAPSHOT = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

export interface KeptInPostgres<Contract extends EventContract, Content> extends ListContracts<Contract> {
  readonly pool: pg.Pool;
  readonly timeline: { readonly current: string };
  /** The whole list, cut in pages (`inPages`): read over this connection, which sees the database as it was at one moment. */
  readonly pages?: (sql: SqlConnection, ownerId: string) => Promise<readonly Content[]>;
  /** The same one after the other, for lists of any size: the answer comes in parts. */
  readonly readPages?: ReadPages<Content>;
}

/** The history of lists that `recordChanges` counts: revisions from `live_list`, changes from the outbox. */
export function keepInPostgres<Contract extends EventContract, Content>(
  kept: KeptInPostgres<Contract, Content>,
): ListHistory<EnvelopeOf<Contract>, Content> {
  const { pool, kind, timeline, pages, readPages } = kept;
  if ((pages === undefined) === (readPages === undefined)) {
    throw new RangeError(`The kind ${kind} says with either \`pages\` or \`readPages\` how a whole list is read.`);
  }
  const inParts = readPages && snapshotsInParts({ pool, kind, readPages });
  const revisions = (ownerIds: readonly string[]) => loadRevisions(pool, kind, ownerIds);
  return {
    get timeline() {
      return timeline.current;
    },
    revisions,
    revision: async (ownerId) => (await revisions([ownerId])).get(ownerId) ?? 0,
    events: (ownerId, afterRevision, limit) => readListEvents(pool, kept, { ownerId, afterRevision, limit }),
    whole: (ownerId) => inParts?.first(ownerId) ?? wholeAtOnce(kept, ownerId),
    ...(inParts && { part: inParts.next }),
  };
}

function wholeAtOnce<Content>(
  { pool, kind, pages }: Pick<KeptInPostgres<EventContract, Content>, 'pool' | 'kind' | 'pages'>,
  ownerId: string,
): Promise<WholeList<Content>> {
  return inTransaction(
    pool,
    async (sql) => ({
      revision: (await loadRevisions(sql, kind, [ownerId])).get(ownerId) ?? 0,
      pages: (await pages?.(sql, ownerId)) ?? [],
    }),
    ONE_SNAPSHOT,
  );
}
