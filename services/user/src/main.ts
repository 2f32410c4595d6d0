import { NatsUrlError } from '@kith/event-delivery';
import { ConfigError, createLog, onShutdown, readConfig, type Stop, startTracing } from '@kith/service-kit';
import { startUserService } from './start-user-service.ts';
import { userConfigSchema } from './user-config.ts';

const config = readConfig(userConfigSchema);
const log = createLog({ name: 'user', level: config.LOG_LEVEL });
const stops: Stop[] = [];
onShutdown(log, stops);
stops.push(await startTracing({ name: 'user', to: config.TRACES_TO }));

try {
  const service = await startUserService(config, log);
  stops.push(() => service.stop());
  log.info({ url: service.url }, 'ready');
} catch (error) {
  if (error instanceof ConfigError || error instanceof NatsUrlError) process.stderr.write(`${error.message}\n`);
  else log.fatal({ err: error }, 'could not start');
  process.exit(1);
}
