import { askSource, defineConsumer } from '@kith/event-delivery';
import type pg from 'pg';
import { PRODUCT_EVENTS, PRODUCTS } from '../contracts/product-events.ts';

/** What is read of the product service's answer. */
interface DescribedProduct {
  readonly version: number;
  readonly description: string;
  readonly price: number;
}

// The version is the inbox: an older answer, or the same again, changes nothing.
const KEEP = `
  INSERT INTO product_description (product_id, version, description, price) VALUES ($1, $2, $3, $4)
  ON CONFLICT (product_id) DO UPDATE SET version = $2, description = $3, price = $4
  WHERE product_description.version < $2`;

/**
 * Event notification: of a product's event only that something has changed is taken, and the product service is asked
 * how it stands now. While that is away the event waits, as in any outage; the copies of names and stock do not.
 */
export const askForDescriptions = (pool: pg.Pool, productUrl: string) =>
  defineConsumer({
    stream: PRODUCTS,
    durable: 'inventory-ask-for-description',
    contracts: PRODUCT_EVENTS,
    handle: async ({ ownerId, revision }, signal) => {
      const product = await askSource<DescribedProduct>(`${productUrl}/products/${encodeURIComponent(ownerId)}`, {
        signal,
        atLeast: { revision, of: ({ version }) => version },
      });
      // There is no such product (any more): nothing is to be described.
      if (!product) return;
      await pool.query(KEEP, [ownerId, product.version, product.description, product.price]);
    },
  });
