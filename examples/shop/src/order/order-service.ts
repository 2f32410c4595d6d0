import { defineConsumer, handleOnce } from '@kith/event-delivery';
import { INVENTORIES, stockRefused } from '../contracts/inventory-events.ts';
import { ORDERS } from '../contracts/order-events.ts';
import { thisMoment } from '../moment.ts';
import type { ShopService } from '../run/shop-service.ts';
import { copyProducts } from './know-products.ts';
import { openOrders } from './order-repository.ts';
import { orderRoutes } from './order-routes.ts';
import { summarizeOrders } from './summarize-orders.ts';

const CANCEL = 'order-cancel-out-of-stock';

/**
 * Takes orders. Nobody is asked whether there is stock: the inventory hears of the order and takes its stock, or says
 * that it did not, and then the order is cancelled (saga by choreography).
 */
export const orderService: ShopService = {
  name: 'order',
  port: 8080,
  source: 'shop/order',
  stream: ORDERS,
  tables: new URL('./tables.sql', import.meta.url),
  open(pool) {
    const orders = openOrders(pool);
    return {
      routes: orderRoutes(pool, orders),
      consumers: [
        summarizeOrders(pool),
        copyProducts(pool),
        defineConsumer({
          stream: INVENTORIES,
          durable: CANCEL,
          contracts: [stockRefused],
          handle: handleOnce(pool, CANCEL, async (event, sql) => {
            await orders.change(event.ownerId, (order) => order.cancelOutOfStock(thisMoment()), sql);
          }),
        }),
      ],
    };
  },
};
