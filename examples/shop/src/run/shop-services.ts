import { inventoryService } from '../inventory/inventory-service.ts';
import { orderService } from '../order/order-service.ts';
import { productService } from '../product/product-service.ts';
import type { ShopService } from '../service/shop-service.ts';

/** The services of the shop: whatever runs, starts or tests all of them goes by this list. */
export const SHOP_SERVICES: readonly ShopService[] = [orderService, productService, inventoryService];

export type ServiceName = ShopService['name'];
export const SERVICE_NAMES: readonly ServiceName[] = SHOP_SERVICES.map(({ name }) => name);
