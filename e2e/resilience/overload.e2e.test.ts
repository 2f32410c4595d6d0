import { afterAll, beforeAll, expect, test } from 'vitest';
import { overloadGateway } from '../src/overload/overload-gateway.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';

// For a minute, with the figures: npx -y pnpm@12 overload
const SECONDS = 8;

let system: SystemForTest;
beforeAll(async () => {
  system = await startSystemForTest({ gateways: 1, env: { LOG_LEVEL: 'warn' } });
});
afterAll(() => system?.stop());

test(`ten times what it carries, for ${SECONDS} s: it stays up, accepts some, refuses the rest, and is back afterwards`, async () => {
  const { pid } = system.gateways[0]!;
  const { normal, overloaded, memoryMb } = await overloadGateway(system, SECONDS);
  expect({ normal: normal.other, overloaded: overloaded.other }).toEqual({ normal: {}, overloaded: {} });
  // How fast, and how many, is for the command to say: what makes the load runs on the same machine.
  expect(normal.accepted).toBeGreaterThan(0);
  expect(overloaded.accepted).toBeGreaterThan(0);
  expect(overloaded.refused).toBeGreaterThan(0);
  expect(memoryMb.peak - memoryMb.before).toBeLessThan(300);
  expect([system.gateways[0]!.running, system.gateways[0]!.pid]).toEqual([true, pid]);
});
