import { defineConsumer, firstTime } from '@kith/event-delivery';
import { INVENTORIES, stockRefused } from '../contracts/inventory-events.ts';
import { ORDERS } from '../contracts/order-events.ts';
import { thisMoment } from '../rules/moment.ts';
import type { ShopService } from '../service/shop-service.ts';
import { openUnitsOfWork } from '../service/units-of-work.ts';
import { copyProducts } from './know-products.ts';
import type { OrderEvent } from './order-events.ts';
import { orderRepository } from './order-repository.ts';
import { orderRoutes } from './order-routes.ts';
import { summarizeOrders } from './summarize-orders.ts';
import { toContract } from './tell-of-orders.ts';

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
  open({ pool, log }) {
    const { inUnitOfWork, stop } = openUnitsOfWork<OrderEvent>({ pool, log, toContract });
    return {
      stop,
      routes: orderRoutes(pool, inUnitOfWork),
      consumers: [
        summarizeOrders(pool),
        copyProducts(pool),
        defineConsumer({
          stream: INVENTORIES,
          durable: CANCEL,
          contracts: [stockRefused],
          // Inbox, order and event in one transaction (idempotent consumer).
          handle: (event, signal) =>
            inUnitOfWork(async (unit) => {
              if (!(await firstTime(unit.sql, CANCEL, event.id))) return;
              await orderRepository.change(unit, event.ownerId, (order) => order.cancelOutOfStock(thisMoment()));
            }, signal),
        }),
      ],
    };
  },
};
