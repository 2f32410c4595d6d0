import { defineEvent, type StreamName } from '@kith/event-delivery';
import { z } from 'zod';

/** What the three services tell each other. Each owner's events carry a revision that rises by exactly 1. */

export const ORDERS: StreamName = { name: 'ORDERS', subjects: ['orders.>'] };
export const PRODUCTS: StreamName = { name: 'PRODUCTS', subjects: ['products.>'] };
export const INVENTORY: StreamName = { name: 'INVENTORY', subjects: ['inventory.>'] };

/** Owner: the order. */
export const orderPlaced = defineEvent({
  name: 'shop.order.placed',
  subject: (orderId) => `orders.placed.${orderId}`,
  newest: z.object({ productId: z.string(), quantity: z.int().positive() }),
});

/** Owner: the product. */
export const productNamed = defineEvent({
  name: 'shop.product.named',
  subject: (productId) => `products.named.${productId}`,
  newest: z.object({ name: z.string() }),
});

/** Owner: the product. */
export const stockChanged = defineEvent({
  name: 'shop.stock.changed',
  subject: (productId) => `inventory.stock-changed.${productId}`,
  newest: z.object({ quantity: z.int() }),
});
