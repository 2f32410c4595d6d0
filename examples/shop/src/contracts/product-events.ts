import { defineEvent, defineFamily, type EnvelopeOf, type StreamName } from '@kith/event-delivery/envelope';
import { z } from 'zod';

/** What the product service tells the others. Owner: the product. Prices are in yuan, with two decimals at most. */

export const PRODUCTS: StreamName = { name: 'PRODUCTS', subjects: ['products.>'] };

export const productCreated = defineEvent({
  name: 'shop.product.created',
  subject: (productId) => `products.created.${productId}`,
  newest: z.object({ name: z.string(), description: z.string(), price: z.number() }),
});

export const productNameUpdated = defineEvent({
  name: 'shop.product.name-updated',
  subject: (productId) => `products.name-updated.${productId}`,
  newest: z.object({ oldName: z.string(), newName: z.string() }),
});

/** Contract family: what others know of a product, that it is there, and what it is called. */
export const PRODUCT_EVENTS = defineFamily('shop.product', [productCreated, productNameUpdated]);
export type AnyProductEvent = EnvelopeOf<(typeof PRODUCT_EVENTS)['contracts'][number]>;

/** What the product is called since this event. */
export function nameIn(event: AnyProductEvent): string {
  return event.name === 'shop.product.created' ? event.data.name : event.data.newName;
}
