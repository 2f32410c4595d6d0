import { appendToOutbox, defineConsumer, draftEvent, inTransaction } from '@kith/event-delivery';
import { v7 as newId } from 'uuid';
import { runService } from '../run-service.ts';
import { INVENTORY, PRODUCTS, productNamed, stockChanged } from '../shop-events.ts';

const NAME = `
  INSERT INTO products (id, name, revision) VALUES ($1, $2, 1)
  ON CONFLICT (id) DO UPDATE SET name = $2, revision = products.revision + 1 RETURNING revision`;

// The revision is the inbox: an older one, or the same again, changes nothing.
const COPY_STOCK = 'UPDATE products SET stock = $2, stock_revision = $3 WHERE id = $1 AND stock_revision < $3';

/** Names products, and shows each with a copy of its stock. */
await runService({
  name: 'products',
  tables: new URL('./tables.sql', import.meta.url),
  open: (pool) => ({
    delivery: {
      source: 'shop/products',
      stream: PRODUCTS,
      consumers: [
        defineConsumer({
          stream: INVENTORY,
          durable: 'products-copy-stock',
          contracts: [stockChanged],
          handle: async ({ ownerId, revision, data }) => {
            await pool.query(COPY_STOCK, [ownerId, data.quantity, revision]);
          },
        }),
      ],
    },
    routes: {
      'GET /products/:id': async ({ id }) =>
        (await pool.query('SELECT name, stock FROM products WHERE id = $1', [id])).rows[0],
      'PUT /products/:id': ({ id, body }) =>
        inTransaction(pool, async (sql) => {
          const name = String(body.name);
          const { rows } = await sql.query(NAME, [id, name]);
          const revision = Number(rows[0].revision);
          const event = { eventId: newId(), ownerId: id, revision, occurredAt: new Date() };
          await appendToOutbox(sql, [draftEvent(productNamed, { ...event, data: { name } })]);
          return { revision };
        }),
    },
  }),
});
