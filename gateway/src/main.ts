import { runProcess } from '@kith/service-kit';
import { gatewayConfig } from './gateway-config.ts';
import { type RunningGateway, startGateway } from './start-gateway.ts';

let gateway: RunningGateway | undefined;
// Before the wait: a signal that nobody listens to ends the process.
process.on('SIGHUP', () => void gateway?.reloadSupergraph());

const code = await runProcess({
  name: 'gateway',
  configSchema: gatewayConfig,
  start: async (config, log) => {
    gateway = await startGateway(config, log);
    return gateway;
  },
});
process.exit(code);
