import { randomUUID } from 'node:crypto';
import { defineEvent, type StreamName, writeEnvelope } from '@kith/event-contracts';
import { z } from 'zod';
import type { Message } from '../broker.ts';

/** Contracts that only tests know, so that the toolkit is tested without Kith's. */
export const SHOP_STREAM: StreamName = { name: 'SHOP', subjects: ['shop.>'] };

export const counted = defineEvent({
  name: 'shop.counted',
  subject: (ownerId) => `shop.counted.${ownerId}`,
  newest: z.object({ n: z.number() }),
});

/** Subjects of their own for each test, so that one broker serves them all. */
export function shopMessage(
  ownerId: string,
  revision: number,
  changes: { eventId?: string; type?: string; data?: unknown; traceparent?: string } = {},
): Message {
  const eventId = changes.eventId ?? randomUUID();
  const payload = writeEnvelope({
    eventId,
    source: 'shop/test',
    type: changes.type ?? counted.type,
    ownerId,
    revision,
    occurredAt: new Date(),
    data: changes.data ?? { n: revision },
    ...(changes.traceparent ? { traceparent: changes.traceparent } : {}),
  });
  return { subject: counted.subject(ownerId), id: eventId, payload };
}
