import { findTheServer, startBusOfThisProcess } from '@kith/event-delivery';
import { gatewayConfig, type RunningGateway, startGateway } from '@kith/gateway';
import { createDatabaseIfMissing } from '@kith/local-servers';
import {
  ConfigError,
  createPool,
  hostToListenAt,
  type Logger,
  parseConfig,
  type RunningPart,
  runProcess,
  type Stop,
  startWhenPostgresAnswers,
  stopInReverse,
} from '@kith/service-kit';
import { SERVICES, startedWith } from '@kith/services';
import type { z } from 'zod';
import { oneProcessConfig } from './one-process-config.ts';
import { loadService } from './system/load-service.ts';

/** Once it has started: on SIGHUP it reads its supergraph anew. */
let gateway: RunningGateway | undefined;
// Before the wait: a signal without a listener ends the process.
process.on('SIGHUP', () => void gateway?.reloadSupergraph());

process.exit(await runProcess({ name: 'one-process', configSchema: oneProcessConfig, start: startInOneProcess }));

/**
 * The services and the gateway in one process, with the bus inside it: no NATS. Each reads its usual configuration from
 * the environment; HOST, PORT and METRICS_PORT are the gateway's, and USER_URL, FRIEND_URL etc. are where the services
 * listen.
 */
async function startInOneProcess(config: z.output<typeof oneProcessConfig>, log: Logger): Promise<RunningPart> {
  const environment = { ...process.env, EVENT_BUS: 'in-process', NATS_URL: 'nats://none.invalid:4222' };
  const services = await Promise.all(
    startedWith(config).map(async (name) => {
      const { configSchema, start } = await loadService(name);
      const { urlVariable } = SERVICES[name];
      const url = config[urlVariable];
      if (url === undefined) throw new ConfigError(urlVariable, 'is required and not set');
      // One metrics registry for all: the gateway serves it.
      const itsEnvironment = { ...environment, METRICS_PORT: undefined, ...listeningAt(url) };
      return { start, config: parseConfig(configSchema, itsEnvironment) };
    }),
  );
  const gatewaySettings = parseConfig(gatewayConfig, environment);

  const stops: Stop[] = [];
  const broken: Promise<unknown>[] = [];
  const stop = () => stopInReverse(log, stops.splice(0));
  try {
    const pool = createPool({ url: config.EVENTS_DATABASE_URL, name: 'bus', max: 6, log });
    stops.push(() => pool.end());
    const { HOST: host, PORT: port, METRICS_PORT: metricsPort } = gatewaySettings;
    const bus = await startWhenPostgresAnswers(
      async () => {
        await createDatabaseIfMissing(await findTheServer(config.EVENTS_DATABASE_URL));
        return startBusOfThisProcess({ pool, log });
      },
      { variable: 'EVENTS_DATABASE_URL', log, place: { host, port, metricsPort, log } },
    );
    stops.push(() => bus.stop());
    for (const service of services) {
      const running = await service.start(service.config as never, log);
      stops.push(() => running.stop());
      if (running.brokenBy) broken.push(running.brokenBy);
    }
    const started = await startGateway(gatewaySettings, log);
    gateway = started;
    stops.push(() => started.stop());
    return { url: started.url, stop, brokenBy: Promise.race(broken) };
  } catch (error) {
    await stop();
    throw error;
  }
}

function listeningAt(url: string): { HOST: string; PORT: string } {
  const { hostname, port } = new URL(url);
  return { HOST: hostToListenAt(hostname), PORT: port || '80' };
}
