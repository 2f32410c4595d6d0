import { writeEnvelopeAround } from '@kith/event-contracts';
import type { EventBroker, Message, PublishResult } from './broker.ts';
import { countPublished } from './measure-delivery.ts';
import { freshMessageId } from './message-id.ts';
import { isFaultOfTheMessage } from './publish-failed.ts';
import type { Refused } from './set-aside.ts';
import { type Hop, startHop } from './trace-event-path.ts';
import type { OutboxRow, PublishedRow } from './unpublished-rows.ts';

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

/** Publishes rows in their order. One that no broker takes holds up its owner, and nobody else. */
export async function publishRows(rows: readonly OutboxRow[], options: PublishRowsOptions): Promise<PublishedRows> {
  const done: PublishedRow[] = [];
  const ages: number[] = [];
  const refused: Refused[] = [];
  let failed: Error | undefined;
  for (let left = rows; left.length > 0 && !failed; ) {
    const results = await publishOnce(left, options);
    const blocked = new Set<string>();
    const notSent: OutboxRow[] = [];
    for (const [at, row] of left.entries()) {
      const result = results[at] ?? { error: new Error('The broker gave no answer.') };
      if (!('error' in result)) {
        done.push({ id: row.id, sequence: result.sequence, ownerId: row.owner_id });
        ages.push(Date.now() - row.occurred_at.getTime());
      } else if (failed || blocked.has(row.owner_id)) continue;
      else if (isFaultOfTheMessage(result.error)) {
        refused.push({ row, error: result.error });
        blocked.add(row.owner_id);
      } else if (blocked.size > 0) notSent.push(row);
      else failed = result.error;
    }
    left = notSent;
  }
  if (done.length > 0) {
    countPublished(options.source, ages);
    options.onPublished?.(done.length, ages[0] ?? 0);
  }
  return { done, refused, failed };
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
