import {
  type EnvelopeOf,
  type EventContract,
  readData,
  splitType,
  UnreadableEvent,
} from '@kith/event-delivery/envelope';
import type pg from 'pg';

// One statement for all kinds, so that a connection plans it once.
const EVENTS_AFTER = `
  SELECT event_id, owner_id, revision, type, payload, occurred_at FROM outbox
  WHERE owner_id = $1 AND owner_kind = $2 AND revision > $3 ORDER BY revision LIMIT $4`;

export interface OutboxRow {
  readonly event_id: string;
  readonly owner_id: string;
  readonly revision: string;
  readonly type: string;
  readonly payload: unknown;
  readonly occurred_at: Date;
}

export interface ListContracts<Contract extends EventContract> {
  /** What the lists are: the `ownerKind` of each of the contracts. */
  readonly kind: string;
  /** The service, as its envelopes name it: `kith/friend`. */
  readonly source: string;
  /** Everything that happens to such a list. */
  readonly contracts: readonly Contract[];
}

/**
 * A row of the outbox as the event it was published as, lifted to the newest version.
 *
 * @throws {UnreadableEvent} when its type is none of the list's, or its data is not what the contract says
 */
export function eventOfRow<Contract extends EventContract>(
  { source, contracts }: Pick<ListContracts<Contract>, 'source' | 'contracts'>,
  row: OutboxRow,
): EnvelopeOf<Contract> {
  const { name, version } = splitType(row.type);
  const contract = contracts.find((candidate) => candidate.name === name);
  if (!contract) throw new UnreadableEvent('UNKNOWN_TYPE', `The outbox holds a ${row.type}, which is no list event.`);
  return {
    id: row.event_id,
    source,
    name,
    ownerId: row.owner_id,
    revision: Number(row.revision),
    occurredAt: row.occurred_at,
    data: readData(contract, version, row.payload),
  } as EnvelopeOf<Contract>;
}

/** A list's events after a revision, in order, at most `limit`: the outbox is the list's history. */
export async function readListEvents<Contract extends EventContract>(
  pool: pg.Pool,
  of: ListContracts<Contract>,
  { ownerId, afterRevision, limit }: { ownerId: string; afterRevision: number; limit: number },
): Promise<EnvelopeOf<Contract>[]> {
  const { rows } = await pool.query<OutboxRow>({
    name: 'live-list-events-after',
    text: EVENTS_AFTER,
    values: [ownerId, of.kind, afterRevision, limit],
  });
  return rows.map((row) => eventOfRow(of, row));
}
