import { appendToOutbox, defineConsumer, draftEvent, handleOnce, inTransaction } from '@kith/event-delivery';
import type pg from 'pg';
import { v7 as newId } from 'uuid';
import { runService } from '../run-service.ts';
import { INVENTORY, ORDERS, orderPlaced, PRODUCTS, productNamed, stockChanged } from '../shop-events.ts';

const CHANGE = `
  INSERT INTO stock (product_id, quantity, revision) VALUES ($1, $2, 1)
  ON CONFLICT (product_id) DO UPDATE SET quantity = stock.quantity + $2, revision = stock.revision + 1
  RETURNING quantity, revision`;

const COPY_NAME = `
  INSERT INTO stock (product_id, name, name_revision) VALUES ($1, $2, $3)
  ON CONFLICT (product_id) DO UPDATE SET name = $2, name_revision = $3 WHERE stock.name_revision < $3`;

/** Changes a stock and tells of it, in the caller's transaction. */
async function changeStock(sql: pg.PoolClient, productId: string, by: number): Promise<{ quantity: number }> {
  const { rows } = await sql.query(CHANGE, [productId, by]);
  const { quantity, revision } = rows[0];
  const event = { eventId: newId(), ownerId: productId, revision: Number(revision), occurredAt: new Date() };
  await appendToOutbox(sql, [draftEvent(stockChanged, { ...event, data: { quantity } })]);
  return { quantity };
}

/** Keeps the stock. An order decreases it once, however often it is delivered. */
await runService({
  name: 'inventory',
  tables: new URL('./tables.sql', import.meta.url),
  open: (pool) => ({
    delivery: {
      source: 'shop/inventory',
      stream: INVENTORY,
      consumers: [
        defineConsumer({
          stream: ORDERS,
          durable: 'inventory-decrease-stock',
          contracts: [orderPlaced],
          handle: handleOnce(pool, 'inventory-decrease-stock', async (event, sql) => {
            await changeStock(sql, event.data.productId, -event.data.quantity);
          }),
        }),
        defineConsumer({
          stream: PRODUCTS,
          durable: 'inventory-copy-name',
          contracts: [productNamed],
          handle: async ({ ownerId, revision, data }) => {
            await pool.query(COPY_NAME, [ownerId, data.name, revision]);
          },
        }),
      ],
    },
    routes: {
      'GET /stock/:id': async ({ id }) =>
        (await pool.query('SELECT name, quantity FROM stock WHERE product_id = $1', [id])).rows[0],
      'POST /stock/:id': ({ id, body }) => inTransaction(pool, (sql) => changeStock(sql, id, Number(body.by))),
    },
  }),
});
