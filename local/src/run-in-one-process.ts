import { startBusOfThisProcess } from '@kith/event-delivery';
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
import { SERVICE_NAMES, SERVICES } from '@kith/services';
import { oneProcessConfig } from './one-process-config.ts';
import { loadService } from './system/load-service.ts';

// The services and the gateway in one process, with the bus inside it: no NATS. Each reads its own configuration from the
// environment as ever; HOST and PORT are the gateway's, USER_URL, FRIEND_URL and their like say where the services listen.
const config = readConfig(oneProcessConfig);
const environment = { ...process.env, EVENT_BUS: 'in-process', NATS_URL: 'nats://none.invalid:4222' };
const services = await Promise.all(
  SERVICE_NAMES.map(async (name) => {
    const { configSchema, start } = await loadService(name);
    return {
      start,
      config: readConfig(configSchema, { ...environment, ...listeningAt(config[SERVICES[name].urlVariable]) }),
    };
  }),
);
const gatewaySettings = readConfig(gatewayConfig, environment);

const log = createLog({ name: 'one-process', level: config.LOG_LEVEL });
const stops: Stop[] = [];
onShutdown(log, stops);
try {
  stops.push(await startTracing({ name: 'one-process', to: config.TRACES_TO }));
  await createDatabaseIfMissing(config.EVENTS_DATABASE_URL);
  const pool = createPool({ url: config.EVENTS_DATABASE_URL, name: 'bus', max: 6, log });
  stops.push(() => pool.end());
  const bus = await startBusOfThisProcess({ pool, log });
  stops.push(() => bus.stop());
  for (const service of services) {
    const running = await service.start(service.config as never, log);
    stops.push(() => running.stop());
  }
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
