import { afterAll, beforeAll, expect, test } from 'vitest';
import { fuzzGateway } from '../src/fuzz/fuzz-gateway.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';

// A long run: npx -y pnpm@12 fuzz 10000
const OPERATIONS = 400;

let system: SystemForTest;
beforeAll(async () => {
  system = await startSystemForTest({ gateways: 1 });
});
afterAll(() => system?.stop());

test(`${OPERATIONS} random operations: no 500, no unmasked error, no process ends, memory does not run away`, async () => {
  const processes = [system.gateways[0]!, system.user, system.friend];
  const pids = processes.map(({ pid }) => pid);
  const { operations, codes, memoryMb } = await fuzzGateway(system, OPERATIONS);
  expect(operations).toBeGreaterThanOrEqual(OPERATIONS);
  // It is no fuzzing that only makes nonsense, nor one that makes none.
  expect(codes.none).toBeGreaterThan(OPERATIONS / 20);
  expect(codes.BAD_USER_INPUT).toBeGreaterThan(OPERATIONS / 20);
  for (const [name, { early, late }] of Object.entries(memoryMb)) expect(late - early, name).toBeLessThan(150);
  expect(processes.map(({ pid, running }) => running && pid)).toEqual(pids);
});
