import type { AggregateEvent } from '@kith/event-delivery/domain-events';
import type { Address } from '../contracts/address.ts';

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
