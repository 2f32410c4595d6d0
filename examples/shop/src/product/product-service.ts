import { defineConsumer } from '@kith/event-delivery';
import { INVENTORIES, inventoryChanged } from '../contracts/inventory-events.ts';
import { PRODUCTS } from '../contracts/product-events.ts';
import type { ShopService } from '../service/shop-service.ts';
import { openUnitsOfWork } from '../service/units-of-work.ts';
import type { ProductEvent } from './product.ts';
import { productRoutes } from './product-routes.ts';
import { toContract } from './tell-of-products.ts';

// The revision is the inbox: an older event, or the same again, changes nothing.
const COPY_STOCK = `
  INSERT INTO stock_copy (product_id, remains, revision) VALUES ($1, $2, $3)
  ON CONFLICT (product_id) DO UPDATE SET remains = $2, revision = $3 WHERE stock_copy.revision < $3`;

/** Names products, and shows each with a copy of its stock. */
export const productService: ShopService = {
  name: 'product',
  port: 8081,
  source: 'shop/product',
  stream: PRODUCTS,
  tables: new URL('./tables.sql', import.meta.url),
  open({ pool, log }) {
    const { inUnitOfWork, stop } = openUnitsOfWork<ProductEvent>({ pool, log, toContract });
    return {
      stop,
      routes: productRoutes(pool, inUnitOfWork),
      consumers: [
        defineConsumer({
          stream: INVENTORIES,
          durable: 'product-copy-stock',
          contracts: [inventoryChanged],
          handle: async ({ ownerId, revision, data }) => {
            await pool.query(COPY_STOCK, [ownerId, data.remains, revision]);
          },
        }),
      ],
    };
  },
};
