import { startBusOfThisProcess } from '@kith/event-delivery';
import { friendConfigSchema, startFriendService } from '@kith/friend';
import { gatewayConfig, startGateway } from '@kith/gateway';
import { createDatabaseIfMissing } from '@kith/local-servers';
import {
  ConfigError,
  createLog,
  createPool,
  hostToListenAt,
  onShutdown,
  readConfig,
  type Stop,
  startTracing,
} from '@kith/service-kit';
import { startUserService, userConfigSchema } from '@kith/user';
import { oneProcessConfig } from './one-process-config.ts';

// User, friend and gateway in one process, with the bus inside it: no NATS. Each reads its own configuration from the
// environment as ever; HOST and PORT are the gateway's, USER_URL and FRIEND_URL say where the services listen.
const { EVENTS_DATABASE_URL, USER_URL, FRIEND_URL, LOG_LEVEL, TRACES_TO } = readConfig(oneProcessConfig);
const environment = { ...process.env, EVENT_BUS: 'in-process', NATS_URL: 'nats://none.invalid:4222' };
const userConfig = readConfig(userConfigSchema, { ...environment, ...listeningAt(USER_URL) });
const friendConfig = readConfig(friendConfigSchema, { ...environment, ...listeningAt(FRIEND_URL) });
const gatewaySettings = readConfig(gatewayConfig, environment);

const log = createLog({ name: 'one-process', level: LOG_LEVEL });
const stops: Stop[] = [];
onShutdown(log, stops);
try {
  stops.push(await startTracing({ name: 'one-process', to: TRACES_TO }));
  await createDatabaseIfMissing(EVENTS_DATABASE_URL);
  const pool = createPool({ url: EVENTS_DATABASE_URL, name: 'bus', max: 6, log });
  stops.push(() => pool.end());
  const bus = await startBusOfThisProcess({ pool, log });
  stops.push(() => bus.stop());
  const user = await startUserService(userConfig, log);
  stops.push(() => user.stop());
  const friend = await startFriendService(friendConfig, log);
  stops.push(() => friend.stop());
  const gateway = await startGateway(gatewaySettings, log);
  stops.push(() => gateway.stop());
  process.on('SIGHUP', () => void gateway.reloadSupergraph());
  log.info({ url: gateway.url }, 'ready');
} catch (error) {
  if (error instanceof ConfigError) process.stderr.write(`${error.message}\n`);
  else log.fatal({ err: error }, 'could not start');
  process.exit(1);
}

function listeningAt(url: string): { HOST: string; PORT: string } {
  const { hostname, port } = new URL(url);
  return { HOST: hostToListenAt(hostname), PORT: port || '80' };
}
