import { startShop } from './start-shop.ts';

const eventBus = process.env.EVENT_BUS === 'in-process' ? 'in-process' : 'jetstream';
const shop = await startShop({ eventBus, usualPorts: true });
const json = "-H 'Content-Type: application/json'";

process.stdout.write(`
The shop runs, ${eventBus === 'in-process' ? 'as one process' : 'as three processes with NATS between them'}. \
Ctrl-C stops it and removes its data. Try:

  curl -X POST ${shop.product.url}/products ${json} -d '{"name":"好吃的苹果","description":"原生态的苹果","price":10}'
  ID=…                                    # the id that it answered
  curl ${shop.inventory.url}/inventories/$ID       # remains 0
  curl -X POST ${shop.inventory.url}/inventories/$ID/increase ${json} -d '{"increaseNumber":10}'
  curl -X POST ${shop.order.url}/orders ${json} -d '{"items":[{"productId":"'$ID'","count":2,"itemPrice":10}],"address":{"province":"四川","city":"成都","detail":"天府软件园1号"}}'
  curl ${shop.inventory.url}/inventories/$ID       # remains 8
  curl ${shop.product.url}/products/$ID          # and the product shows 8
  curl ${shop.order.url}/orders
`);

const end = () => void shop.stop().then(() => process.exit(0));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
