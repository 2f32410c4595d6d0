import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Message } from '../broker/broker.ts';
import { writeEnvelope } from '../envelope/envelope.ts';
import { defineEvent } from '../envelope/event-contract.ts';
import type { StreamName } from '../envelope/stream-name.ts';

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
