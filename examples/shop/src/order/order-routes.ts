import type { InUnitOfWork } from '@kith/event-delivery';
import type pg from 'pg';
import { z } from 'zod';
import { pageQuery } from '../http/page-of-rows.ts';
import { amount, id, line, wholeNumber } from '../http/read-fields.ts';
import { created, type Route, route } from '../http/routes.ts';
import { thisMoment } from '../rules/moment.ts';
import { refuseUnknownProducts } from './know-products.ts';
import { Order } from './order.ts';
import type { OrderEvent } from './order-events.ts';
import { orderRepository } from './order-repository.ts';
import { rebuildSummary } from './rebuild-summary.ts';
import { listOrders } from './summarize-orders.ts';

// Together they leave an order's price exact to the fen.
const MOST = { items: 100, count: 100_000, itemPrice: 1_000_000 };

const item = z.strictObject({ productId: id, count: wholeNumber(1, MOST.count), itemPrice: amount(MOST.itemPrice) });
const address = z.strictObject({ province: line(100), city: line(100), detail: line(500) });
const newOrder = z.strictObject({
  items: z
    .array(item, { error: `must be a list of 1 to ${MOST.items} items` })
    .min(1, { error: 'must have an item' })
    .max(MOST.items, { error: `must have ${MOST.items} items at most` })
    .refine((items) => new Set(items.map(({ productId }) => productId)).size === items.length, {
      error: 'must name each product once',
    }),
  address,
});
const payment = z.strictObject({ paidPrice: amount(MOST.items * MOST.count * MOST.itemPrice) });
const noQuery = z.strictObject({});
const nothing = z.strictObject({});

/** The order service's HTTP API. Both spellings of a path do the same. */
export function orderRoutes(pool: pg.Pool, inUnitOfWork: InUnitOfWork<OrderEvent, pg.PoolClient>): Route[] {
  const change = async (id: string, decide: (order: Order) => void) => ({
    body: show(await inUnitOfWork((unit) => orderRepository.change(unit, id, decide))),
  });
  const pay = ({ id, input }: { id: string; input: z.output<typeof payment> }) =>
    change(id, (order) => order.pay(input.paidPrice, thisMoment()));
  const changeAddress = ({ id, input }: { id: string; input: z.output<typeof address> }) =>
    change(id, (order) => order.changeAddress(input, thisMoment()));

  return [
    route('POST', '/orders', newOrder, async ({ input }) => {
      await refuseUnknownProducts(
        pool,
        input.items.map(({ productId }) => productId),
      );
      const order = Order.create(input, thisMoment());
      await inUnitOfWork((unit) => orderRepository.add(unit, order));
      return created('/orders', order.state.id);
    }),
    // From the read model: an order is there a moment after it was placed.
    route('GET', '/orders', pageQuery, async ({ input }) => ({ body: await listOrders(pool, input) })),
    // From the orders themselves: whoever has placed one finds it.
    route('GET', '/orders/:id', noQuery, async ({ id }) => ({ body: show(await orderRepository.byId(pool, id)) })),
    route('PUT', '/orders/:id/address', address, changeAddress),
    route('POST', '/orders/:id/address', address, changeAddress),
    route('POST', '/orders/:id/address/detail', address.pick({ detail: true }), ({ id, input: { detail } }) =>
      change(id, (order) => order.changeAddress({ ...order.state.address, detail }, thisMoment())),
    ),
    route('POST', '/orders/:id/pay', payment, pay),
    route('POST', '/orders/:id/payment', payment, pay),
    // For the operator.
    route('POST', '/operator/orders/rebuild', nothing, async () => ({
      body: { replayed: await rebuildSummary(pool) },
    })),
  ];
}

function show({ state, totalPrice }: Order) {
  const { id, status, items, address, refund, createdAt } = state;
  return { id, status, items, totalPrice, address, refund, createdAt };
}
