import { draftEvent, type OutboxEvent, versionOf } from '@kith/event-delivery';
import { inventoryChanged } from '../contracts/inventory-events.ts';
import type { InventoryChanged } from './inventory.ts';

/** What other services learn of it. */
export function toContract({ id: eventId, occurredAt, source, remains }: InventoryChanged): OutboxEvent {
  const place = { eventId, ownerId: source.id, revision: versionOf(source), occurredAt };
  return draftEvent(inventoryChanged, { ...place, data: { remains } });
}
