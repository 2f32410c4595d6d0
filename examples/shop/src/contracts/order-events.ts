import { defineEvent, defineFamily, type EnvelopeOf, type StreamName } from '@kith/event-delivery/envelope';
import { z } from 'zod';
import { addressSchema } from './address.ts';

/** What the order service tells the others. Owner: the order. Prices are in yuan, with two decimals at most. */

export const ORDERS: StreamName = { name: 'ORDERS', subjects: ['orders.>'] };

export const orderCreated = defineEvent({
  name: 'shop.order.created',
  subject: (orderId) => `orders.created.${orderId}`,
  newest: z.object({
    items: z.array(z.object({ productId: z.uuid(), count: z.int().positive(), itemPrice: z.number() })).min(1),
    totalPrice: z.number(),
    address: addressSchema,
  }),
});

export const orderAddressChanged = defineEvent({
  name: 'shop.order.address-changed',
  subject: (orderId) => `orders.address-changed.${orderId}`,
  newest: z.object({ oldAddress: addressSchema, newAddress: addressSchema }),
});

export const orderPaid = defineEvent({
  name: 'shop.order.paid',
  subject: (orderId) => `orders.paid.${orderId}`,
  newest: z.object({ paidPrice: z.number() }),
});

/** `refund` is what the customer has paid and gets back: 0 for an order that was not paid. */
export const orderCancelled = defineEvent({
  name: 'shop.order.cancelled',
  subject: (orderId) => `orders.cancelled.${orderId}`,
  newest: z.object({ reason: z.literal('OUT_OF_STOCK'), refund: z.number() }),
});

/** Contract family: all events of an order. Who takes it and meets one that is newer than itself waits to be upgraded. */
export const ORDER_EVENTS = defineFamily('shop.order', [orderCreated, orderAddressChanged, orderPaid, orderCancelled]);
export type AnyOrderEvent = EnvelopeOf<(typeof ORDER_EVENTS)['contracts'][number]>;
