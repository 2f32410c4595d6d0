import { appendToOutbox, draftEvent, inTransaction } from '@kith/event-delivery';
import { v7 as newId } from 'uuid';
import { runService } from '../run-service.ts';
import { ORDERS, orderPlaced } from '../shop-events.ts';

/** Takes orders. Nobody is asked whether there is stock: the inventory hears of the order and decreases it. */
await runService({
  name: 'orders',
  tables: new URL('./tables.sql', import.meta.url),
  open: (pool) => ({
    delivery: { source: 'shop/orders', stream: ORDERS },
    routes: {
      'POST /orders': async ({ body }) => {
        const [id, productId, quantity] = [newId(), String(body.productId), Number(body.quantity)];
        await inTransaction(pool, async (sql) => {
          await sql.query('INSERT INTO orders VALUES ($1, $2, $3)', [id, productId, quantity]);
          const event = { eventId: newId(), ownerId: id, revision: 1, occurredAt: new Date() };
          await appendToOutbox(sql, [draftEvent(orderPlaced, { ...event, data: { productId, quantity } })]);
        });
        return { id };
      },
    },
  }),
});
