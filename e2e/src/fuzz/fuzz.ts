import { startSystemForTest } from '../system/start-system-for-test.ts';
import { fuzzGateway } from './fuzz-gateway.ts';

// `pnpm fuzz [operations] [seed]`: 10,000 random operations against a whole system of its own. Ends with 0 when each was
// answered as it should be, with 1 and the smallest operation that was not.
const [count = '10000', seed] = process.argv.slice(2);
const system = await startSystemForTest({ gateways: 1 });
try {
  const startedAt = performance.now();
  const { operations, codes, memoryMb } = await fuzzGateway(
    system,
    Number(count),
    seed === undefined ? undefined : Number(seed),
  );
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  process.stdout.write(`${operations} operations in ${seconds} s, every one answered as it should be.\n`);
  process.stdout.write(`codes: ${JSON.stringify(codes)}\nresident memory, MB: ${JSON.stringify(memoryMb)}\n`);
} catch (error) {
  const { message, cause } = error as Error;
  process.stderr.write(`${message}\n${cause ?? ''}\n`);
  process.exitCode = 1;
} finally {
  await system.stop();
}
