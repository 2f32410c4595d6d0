import { expect, test } from 'vitest';
import { readShopConfig } from './shop-config.ts';

const DATABASE = 'postgres://127.0.0.1/shop';

test('reads what the named services need, and no more', () => {
  const env = { PRODUCT_DATABASE_URL: DATABASE, PRODUCT_URL: 'http://product:8081/' };
  const { services, eventBus, host, productUrl } = readShopConfig(['product'], env);
  expect([[...services], eventBus, host, productUrl]).toEqual([
    [['product', { databaseUrl: DATABASE, port: 8081 }]],
    'jetstream',
    '127.0.0.1',
    'http://product:8081',
  ]);
});

test.each([
  [{}, 'ORDER_DATABASE_URL: is required and not set'],
  [{ ORDER_DATABASE_URL: '' }, 'ORDER_DATABASE_URL: is required and not set'],
  [{ ORDER_DATABASE_URL: 'mysql://x/y' }, 'ORDER_DATABASE_URL: must be a URL that starts with postgres://'],
  [{ ORDER_DATABASE_URL: DATABASE, ORDER_PORT: '99999' }, 'ORDER_PORT: must be a port'],
  [{ ORDER_DATABASE_URL: DATABASE, PRODUCT_URL: 'shop:80' }, 'PRODUCT_URL: must be a URL that starts with http://'],
  [{ ORDER_DATABASE_URL: DATABASE, EVENT_BUS: 'kafka' }, 'EVENT_BUS: must be jetstream or in-process'],
  [{ ORDER_DATABASE_URL: DATABASE, EVENT_BUS: 'in-process' }, 'EVENTS_DATABASE_URL: is required and not set'],
])('%o: %s', (env, message) => {
  expect(() => readShopConfig(['order'], env)).toThrow(message);
});
