import { defineEvent, type StreamName } from '@kith/event-delivery/envelope';
import { z } from 'zod';

/** What the inventory service tells the others. */

export const INVENTORIES: StreamName = { name: 'INVENTORIES', subjects: ['inventories.>'] };

/** Owner: the product. It carries the state: what remains, and not by how much that has changed. */
export const inventoryChanged = defineEvent({
  name: 'shop.inventory.changed',
  subject: (productId) => `inventories.changed.${productId}`,
  newest: z.object({ remains: z.int().nonnegative() }),
});

/** Owner: the order, of which nothing was taken. */
export const stockRefused = defineEvent({
  name: 'shop.stock.refused',
  subject: (orderId) => `inventories.refused.${orderId}`,
  newest: z.object({
    short: z
      .array(z.object({ productId: z.uuid(), wanted: z.int().positive(), remains: z.int().nonnegative() }))
      .min(1),
  }),
});
