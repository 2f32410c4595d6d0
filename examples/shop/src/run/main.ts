import { pino } from 'pino';
import { runServices } from './run-services.ts';
import { readShopConfig } from './shop-config.ts';
import { SERVICE_NAMES } from './shop-services.ts';

// `node main.ts order`: that one. `node main.ts`: all of them in this process, as EVENT_BUS=in-process wants it.
const told = process.argv.slice(2);
const names = SERVICE_NAMES.filter((name) => told.length === 0 || told.includes(name));
const strangers = told.filter((name) => !SERVICE_NAMES.some((known) => known === name));

try {
  if (strangers.length > 0) throw new Error(`There is no service ${strangers[0]}: say ${SERVICE_NAMES.join(', ')}.`);
  const config = readShopConfig(names, process.env);
  const log = pino({ name: names.join(' '), level: config.logLevel });
  const running = await runServices(config, log);
  log.info({}, 'ready');
  const end = () => void running.stop().then(() => process.exit(0));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, end);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
}
