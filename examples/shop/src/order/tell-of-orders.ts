import { draftEvent, type OutboxEvent, versionOf } from '@kith/event-delivery';
import { orderAddressChanged, orderCancelled, orderCreated, orderPaid } from '../contracts/order-events.ts';
import type { OrderEvent } from './order-events.ts';

/** What other services, and the read model, learn of it. */
export function toContract(event: OrderEvent): OutboxEvent {
  const { id: eventId, occurredAt, source } = event;
  const place = { eventId, ownerId: source.id, revision: versionOf(source), occurredAt };
  switch (event.name) {
    case 'order.created': {
      const { totalPrice, address } = event;
      const items = event.items.map((item) => ({ ...item }));
      return draftEvent(orderCreated, { ...place, data: { items, totalPrice, address } });
    }
    case 'order.address-changed': {
      const { oldAddress, newAddress } = event;
      return draftEvent(orderAddressChanged, { ...place, data: { oldAddress, newAddress } });
    }
    case 'order.paid':
      return draftEvent(orderPaid, { ...place, data: { paidPrice: event.paidPrice } });
    case 'order.cancelled':
      return draftEvent(orderCancelled, { ...place, data: { reason: event.reason, refund: event.refund } });
    default: {
      const unhandled: never = event;
      return unhandled;
    }
  }
}
