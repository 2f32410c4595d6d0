import { randomUUID } from 'node:crypto';
import type { EventBroker } from '../../broker/broker.ts';
import { DEAD_STREAM, settledDeadLetter } from '../../broker/durable-names.ts';
import type { StoredDeadLetter } from './dead-letter.ts';

/** What was done about a dead letter; kept in the stream DEAD after the letter itself is gone. */
export interface Settlement {
  /** `redriven`: sent again by the operator; `handled`: and it worked; `released`: handled, being next in line. */
  readonly action: 'redriven' | 'handled' | 'released' | 'dropped';
  readonly at: string;
  readonly letter: number;
  readonly consumer: string;
  readonly ownerId: string;
  readonly eventId: string;
  readonly type: string | null;
  readonly revision: number | null;
  readonly reason: string;
}

/** Written before the action: a crash in between may leave a record without an action, never an action without a record. */
export async function recordSettlement(
  broker: EventBroker,
  letter: StoredDeadLetter,
  action: Settlement['action'],
  now: Date,
): Promise<void> {
  const { consumer, ownerId, eventId, type, revision, reason } = letter;
  const settlement: Settlement = {
    action,
    at: now.toISOString(),
    letter: letter.sequence,
    consumer,
    ownerId,
    eventId,
    type,
    revision,
    reason,
  };
  const [result] = await broker.publish([
    {
      subject: settledDeadLetter(consumer, ownerId),
      id: `settled:${randomUUID()}`,
      payload: JSON.stringify(settlement),
    },
  ]);
  if (!result || 'error' in result) throw result?.error ?? new Error('The record got no answer.');
}

/** Oldest first. */
export async function readSettlements(broker: EventBroker): Promise<Settlement[]> {
  const settlements: Settlement[] = [];
  for await (const stored of broker.stored(DEAD_STREAM, { subject: 'settled.>' })) {
    settlements.push(JSON.parse(Buffer.from(stored.payload).toString('utf8')) as Settlement);
  }
  return settlements;
}
