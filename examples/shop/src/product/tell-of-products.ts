import { draftEvent, type OutboxEvent, versionOf } from '@kith/event-delivery';
import { productCreated, productNameUpdated } from '../contracts/product-events.ts';
import type { ProductEvent } from './product.ts';

/** What other services learn of it. */
export function toContract(event: ProductEvent): OutboxEvent {
  const { id: eventId, occurredAt, source } = event;
  const place = { eventId, ownerId: source.id, revision: versionOf(source), occurredAt };
  switch (event.name) {
    case 'product.created': {
      const { productName: name, description, price } = event;
      return draftEvent(productCreated, { ...place, data: { name, description, price } });
    }
    case 'product.name-updated': {
      const { oldName, newName } = event;
      return draftEvent(productNameUpdated, { ...place, data: { oldName, newName } });
    }
    default: {
      const unhandled: never = event;
      return unhandled;
    }
  }
}
