import { defineConsumer } from '@kith/event-delivery';
import type pg from 'pg';
import { nameIn, PRODUCT_EVENTS, PRODUCTS } from '../contracts/product-events.ts';
import { Refusal } from '../rules/refusal.ts';
import { untilKnown } from '../service/until-known.ts';

const COPY = `
  INSERT INTO known_product (id, name, name_revision) VALUES ($1, $2, $3)
  ON CONFLICT (id) DO UPDATE SET name = $2, name_revision = $3 WHERE known_product.name_revision < $3`;

/** Keeps a copy of which products there are: an order is taken while the product service is away. */
export const copyProducts = (pool: pg.Pool) =>
  defineConsumer({
    stream: PRODUCTS,
    durable: 'order-copy-product',
    contracts: PRODUCT_EVENTS,
    // The revision is the inbox: an older event, or the same again, changes nothing.
    handle: async (event) => {
      await pool.query(COPY, [event.ownerId, nameIn(event), event.revision]);
    },
  });

/** Throws Refusal UNKNOWN_PRODUCT, with the field of the first that is not there. */
export async function refuseUnknownProducts(pool: pg.Pool, productIds: readonly string[]): Promise<void> {
  let missing: string | undefined;
  await untilKnown(async () => {
    const { rows } = await pool.query('SELECT id FROM known_product WHERE id = ANY($1)', [productIds]);
    const known = new Set(rows.map((row) => row.id));
    missing = productIds.find((id) => !known.has(id));
    return missing === undefined || undefined;
  });
  if (missing === undefined) return;
  const at = productIds.indexOf(missing);
  throw new Refusal('UNKNOWN_PRODUCT', `There is no product ${missing}.`, `items.${at}.productId`);
}
