import { NatsUrlError } from '@kith/event-delivery';
import { ConfigError, createLog, onShutdown, readConfig, type Stop, startTracing } from '@kith/service-kit';
import { gatewayConfig } from './gateway-config.ts';
import { startGateway } from './start-gateway.ts';

const config = readConfig(gatewayConfig);
const log = createLog({ name: 'gateway', level: config.LOG_LEVEL });
const stops: Stop[] = [];
onShutdown(log, stops);
stops.push(await startTracing({ name: 'gateway', to: config.TRACES_TO }));

try {
  const gateway = await startGateway(config, log);
  stops.push(() => gateway.stop());
  process.on('SIGHUP', () => void gateway.reloadSupergraph());
  log.debug({ url: gateway.url }, 'the gateway listens');
} catch (error) {
  if (error instanceof ConfigError || error instanceof NatsUrlError) process.stderr.write(`${error.message}\n`);
  else log.fatal({ err: error }, 'could not start');
  process.exit(1);
}
