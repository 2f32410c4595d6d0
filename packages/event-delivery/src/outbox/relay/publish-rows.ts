import type { EventBroker, Message, PublishResult } from '../../broker/broker.ts';
import { freshMessageId } from '../../broker/message-id.ts';
import { isFaultOfTheMessage, PublishFailed } from '../../broker/publish-failed.ts';
import { kindOf } from '../../broker/subject-matches.ts';
import { writeEnvelopeAround } from '../../envelope/envelope.ts';
import { countPublished } from '../../observe/measure-delivery.ts';
import { type Hop, startHop } from '../../observe/trace-event-path.ts';
import type { Refused } from './set-aside.ts';
import { type OutboxRow, ownerKeyOf, type PublishedRow } from './unpublished-rows.ts';

export interface PublishRowsOptions {
  readonly broker: EventBroker;
  readonly source: string;
  readonly onPublished?: (count: number, oldestAgeMs: number) => void;
}

export interface PublishedRows {
  readonly done: readonly PublishedRow[];
  /** The message itself is at fault; the later ones of its owner were not sent. */
  readonly refused: readonly Refused[];
  /** The broker took no more: those behind it wait. */
  readonly failed?: Error | undefined;
}

/** A round that meets more of them ends, so that what it did is marked before its transaction is too old. */
const MOST_REFUSALS = 32;

/** Publishes rows in their order. One that no broker takes holds up its owner, and nobody else. */
export async function publishRows(rows: readonly OutboxRow[], options: PublishRowsOptions): Promise<PublishedRows> {
  const done: PublishedRow[] = [];
  const ages: number[] = [];
  const refused: Refused[] = [];
  const blocked = new Set<string>();
  let failed: Error | undefined;

  /** What was not sent, and does not wait behind a refused one of its owner. */
  function sortOut(sent: readonly OutboxRow[], results: readonly PublishResult[]): OutboxRow[] {
    const before = blocked.size;
    return sent.filter((row, at) => {
      const result = results[at] ?? { error: new Error('The broker gave no answer.') };
      if (!('error' in result)) {
        done.push({ id: row.id, sequence: result.sequence, ownerKey: ownerKeyOf(row) });
        ages.push(Date.now() - row.occurred_at.getTime());
        return false;
      }
      if (failed || blocked.has(ownerKeyOf(row))) return false;
      if (isFaultOfTheMessage(result.error)) {
        refused.push({ row, error: result.error });
        blocked.add(ownerKeyOf(row));
        return false;
      }
      if (blocked.size === before) failed = result.error;
      return true;
    });
  }

  for (let left = rows; left.length > 0 && !failed; ) {
    left = sortOut(left, await publishOnce(left, options));
    const suspects = suspectsAmong(left, refused.at(-1));
    if (suspects.length > 0 && !failed) {
      // Of different owners, so each may fail by itself: they are asked for together.
      const results = await Promise.all(suspects.map(async (row) => (await publishOnce([row], options))[0]));
      const kept = new Set([
        ...left.filter((row) => !suspects.includes(row)),
        ...sortOut(suspects, results as PublishResult[]),
      ]);
      left = left.filter((row) => kept.has(row) && !blocked.has(ownerKeyOf(row)));
    } else if (refused.length >= MOST_REFUSALS) break;
  }
  if (done.length > 0) {
    countPublished(options.source, ages);
    options.onPublished?.(done.length, ages[0] ?? 0);
  }
  return { done, refused, failed };
}

/** When no stream took an event, the next event of the same kind of each owner is unlikely to be taken either. */
function suspectsAmong(left: readonly OutboxRow[], last: Refused | undefined): OutboxRow[] {
  if (!last || !(last.error instanceof PublishFailed) || last.error.code !== 'NO_STREAM') return [];
  const kind = kindOf(last.row.subject);
  const owners = new Set<string>();
  return left.filter((row) => {
    const isNext = !owners.has(ownerKeyOf(row));
    owners.add(ownerKeyOf(row));
    return isNext && kindOf(row.subject) === kind;
  });
}

async function publishOnce(
  rows: readonly OutboxRow[],
  { broker, source }: PublishRowsOptions,
): Promise<PublishResult[]> {
  const hops = rows.map((row) =>
    startHop('publish', row.traceparent ?? undefined, {
      'messaging.destination.name': row.type,
      'messaging.message.id': row.event_id,
    }),
  );
  const results = await broker.publish(rows.map((row, at) => toMessage(row, source, hops[at] as Hop)));
  hops.forEach((hop, at) => {
    const result = results[at];
    hop.end(result && 'error' in result ? result.error : undefined);
  });
  return results;
}

function toMessage(row: OutboxRow, source: string, { traceparent }: Hop): Message {
  const payload = writeEnvelopeAround(row.payload, {
    eventId: row.event_id,
    source,
    type: row.type,
    ownerId: row.owner_id,
    revision: Number(row.revision),
    occurredAt: row.occurred_at,
    ...(traceparent ? { traceparent } : {}),
  });
  const headers = traceparent ? { traceparent } : {};
  const id = row.republished === null ? row.event_id : freshMessageId(row.event_id, row.republished);
  return { subject: row.subject, id, payload, headers };
}
