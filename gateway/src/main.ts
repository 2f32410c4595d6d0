import { NatsUrlError } from '@kith/event-delivery';
import { createLog, onShutdown, readConfig, startTracing } from '@kith/service-kit';
import { gatewayConfig } from './gateway-config.ts';
import { startGateway } from './start-gateway.ts';

const config = readConfig(gatewayConfig);
const log = createLog({ name: 'gateway', level: config.LOG_LEVEL });
const stopTracing = await startTracing({ name: 'gateway', to: config.TRACES_TO });
const gateway = await startGateway(config, log).catch((error): never => {
  if (!(error instanceof NatsUrlError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
onShutdown(log, [stopTracing, gateway.stop]);
process.on('SIGHUP', () => void gateway.reloadSupergraph());
log.debug({ url: gateway.url }, 'the gateway listens');
