export { type GatewayConfig, gatewayConfig } from './gateway-config.ts';
export { type RunningGateway, startGateway } from './start-gateway.ts';
