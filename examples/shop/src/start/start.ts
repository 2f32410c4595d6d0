import { readEventBus } from '../run/shop-config.ts';
import { startShop } from './start-shop.ts';
import { readWalk, variablesOfWalk } from './walk.ts';

const eventBus = readEventBus(process.env);
const shop = await startShop({ eventBus, usualPorts: true });
const end = () => void shop.stop().then(() => process.exit(0));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);

const addresses = Object.entries(variablesOfWalk(shop)).map(([name, url]) => `${name}=${url}`);
const how = eventBus === 'in-process' ? 'as one process' : 'as three processes with NATS between them';
process.stdout.write(`
The shop runs, ${how}. Ctrl-C stops it and removes its data. In another terminal:

export ${addresses.join(' ')}
${await readWalk()}`);
