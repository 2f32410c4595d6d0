import { appendToOutbox, defineConsumer, draftEvent, handleOnce } from '@kith/event-delivery';
import { INVENTORIES, stockRefused } from '../contracts/inventory-events.ts';
import { ORDERS, orderCreated } from '../contracts/order-events.ts';
import { nameIn, PRODUCT_EVENTS, PRODUCTS } from '../contracts/product-events.ts';
import { thisMoment } from '../rules/moment.ts';
import type { ShopService } from '../service/shop-service.ts';
import { askForDescriptions } from './ask-for-descriptions.ts';
import { openInventories } from './inventory-repository.ts';
import { inventoryRoutes } from './inventory-routes.ts';
import { takeStock } from './take-stock.ts';

// The revision is the inbox. Whichever event of a product comes first makes its inventory.
const FOLLOW_PRODUCT = `
  INSERT INTO inventory (product_id, product_name, former_name, name_revision) VALUES ($1, $2, $3, $4)
  ON CONFLICT (product_id) DO UPDATE SET product_name = $2, former_name = $3, name_revision = $4
  WHERE inventory.name_revision < $4`;

const TAKE = 'inventory-take-stock';

/** Keeps the stock. An order takes its stock once, however often it is delivered; all of it, or nothing. */
export const inventoryService: ShopService = {
  name: 'inventory',
  port: 8082,
  source: 'shop/inventory',
  stream: INVENTORIES,
  tables: new URL('./tables.sql', import.meta.url),
  open({ pool, productUrl }) {
    const inventories = openInventories(pool);
    return {
      routes: inventoryRoutes(pool, inventories),
      consumers: [
        defineConsumer({
          stream: ORDERS,
          durable: TAKE,
          contracts: [orderCreated],
          handle: handleOnce(pool, TAKE, async ({ ownerId, data }, sql) => {
            const moment = thisMoment();
            const productIds = data.items.map(({ productId }) => productId);
            const take = (found: Parameters<typeof takeStock>[1]) => takeStock(data.items, found, moment);
            const short = await inventories.changeAll(sql, productIds, take);
            if (short.length === 0) return;
            const place = { eventId: moment.newId(), ownerId, revision: 1, occurredAt: moment.now };
            await appendToOutbox(sql, [draftEvent(stockRefused, { ...place, data: { short: [...short] } })]);
          }),
        }),
        defineConsumer({
          stream: PRODUCTS,
          durable: 'inventory-follow-product',
          contracts: PRODUCT_EVENTS,
          handle: async (event) => {
            const formerName = event.name === 'shop.product.created' ? null : event.data.oldName;
            await pool.query(FOLLOW_PRODUCT, [event.ownerId, nameIn(event), formerName, event.revision]);
          },
        }),
        askForDescriptions(pool, productUrl),
      ],
    };
  },
};
