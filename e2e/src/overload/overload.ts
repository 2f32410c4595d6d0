import { startSystemForTest } from '../start-system-for-test.ts';
import { overloadGateway } from './overload-gateway.ts';

// `pnpm overload [seconds]`: what the machine carries, then ten times as much for 60 s.
const seconds = Number(process.argv[2] ?? 60);
const system = await startSystemForTest({ gateways: 1, env: { LOG_LEVEL: 'warn' } });
try {
  process.stdout.write(`${JSON.stringify(await overloadGateway(system, seconds), null, 2)}\n`);
} finally {
  await system.stop();
}
