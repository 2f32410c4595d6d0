export { type GatewayConfig, gatewayConfig } from './gateway-config.ts';
export { startGateway } from './start-gateway.ts';
