import type { Shop } from '../start/start-shop.ts';

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they asked for.
  readonly body: any;
}

/** Sends JSON, or a text as it is, and reads what comes. */
export async function ask(method: string, url: string, body?: object | string): Promise<Answered> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(url, {
    method,
    ...(text !== undefined && { body: text, headers: { 'content-type': 'application/json' } }),
  });
  const said = await response.text();
  return { status: response.status, headers: response.headers, body: said === '' ? undefined : JSON.parse(said) };
}

export const ADDRESS = { province: '四川', city: '成都', detail: '天府软件园1号' };

/** A customer and a shopkeeper; each answers what the shop has answered, or throws when it was refused. */
export function visit(shop: Shop) {
  async function done(method: string, url: string, body?: object) {
    const answered = await ask(method, url, body);
    if (answered.status >= 300) throw new Error(`${method} ${url}: ${JSON.stringify(answered.body)}`);
    return answered.body;
  }
  return {
    createProduct: async (name = '好吃的苹果', price = 10): Promise<string> =>
      (await done('POST', `${shop.product.url}/products`, { name, description: '原生态的苹果', price })).id,
    rename: (id: string, newName: string) => done('PUT', `${shop.product.url}/products/${id}/name`, { newName }),
    product: (id: string) => done('GET', `${shop.product.url}/products/${id}`),
    increase: (id: string, increaseNumber: number) =>
      done('POST', `${shop.inventory.url}/inventories/${id}/increase`, { increaseNumber }),
    inventory: (id: string) => done('GET', `${shop.inventory.url}/inventories/${id}`),
    placeOrder: async (productId: string, count: number, itemPrice = 10): Promise<string> => {
      const order = { items: [{ productId, count, itemPrice }], address: ADDRESS };
      return (await done('POST', `${shop.order.url}/orders`, order)).id;
    },
    changeAddress: (id: string, address: object) => done('PUT', `${shop.order.url}/orders/${id}/address`, address),
    pay: (id: string, paidPrice: number) => done('POST', `${shop.order.url}/orders/${id}/pay`, { paidPrice }),
    order: (id: string) => done('GET', `${shop.order.url}/orders/${id}`),
    /** As the read model shows it; undefined while it does not. */
    listed: async (id: string) => {
      const { items } = await done('GET', `${shop.order.url}/orders?limit=100`);
      return items.find((each: { id: string }) => each.id === id);
    },
  };
}
