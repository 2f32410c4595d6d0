import { NatsUrlError } from '@kith/event-delivery';
import { createLog, onShutdown, readConfig, type Stop, startTracing } from '@kith/service-kit';
import { friendConfigSchema } from './friend-config.ts';
import { startFriendService } from './start-friend-service.ts';

const config = readConfig(friendConfigSchema);
const log = createLog({ name: 'friend', level: config.LOG_LEVEL });
const stops: Stop[] = [];
onShutdown(log, stops);
stops.push(await startTracing({ name: 'friend', to: config.TRACES_TO }));

try {
  const service = await startFriendService(config, log);
  stops.push(() => service.stop());
  log.info({ url: service.url }, 'ready');
} catch (err) {
  if (err instanceof NatsUrlError) process.stderr.write(`${err.message}\n`);
  else log.fatal({ err }, 'could not start');
  process.exit(1);
}
