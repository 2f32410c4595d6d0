import { type AggregateEvent, draftEvent, type OutboxEvent } from '@kith/event-delivery';
import type { Address } from '../contracts/address.ts';
import { orderAddressChanged, orderCancelled, orderCreated, orderPaid } from '../contracts/order-events.ts';

export interface OrderItem {
  readonly productId: string;
  readonly count: number;
  readonly itemPrice: number;
}

/** Domain events of an order. */
export type OrderEvent = OrderCreated | OrderAddressChanged | OrderPaid | OrderCancelled;

export interface OrderCreated extends AggregateEvent<'order.created', 'order'> {
  readonly items: readonly OrderItem[];
  readonly totalPrice: number;
  readonly address: Address;
}
export interface OrderAddressChanged extends AggregateEvent<'order.address-changed', 'order'> {
  readonly oldAddress: Address;
  readonly newAddress: Address;
}
export interface OrderPaid extends AggregateEvent<'order.paid', 'order'> {
  readonly paidPrice: number;
}
export interface OrderCancelled extends AggregateEvent<'order.cancelled', 'order'> {
  readonly reason: 'OUT_OF_STOCK';
  readonly refund: number;
}

/** What other services, and the read model, learn of it. */
export function toContract(event: OrderEvent): OutboxEvent {
  const { id: eventId, occurredAt, source } = event;
  const place = { eventId, ownerId: source.id, revision: source.version!, occurredAt };
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
