import { expect, test } from 'vitest';
import { runSeed } from './run-seed.ts';

/**
 * A dozen seeds in an ordinary run. The nightly one: FAULT_SEEDS=100 FROZEN_MS=30000 (pnpm --filter
 * @kith/event-delivery faults). FIRST_SEED=n FAULT_SEEDS=1 repeats one.
 */
const seeds = Number(process.env.FAULT_SEEDS ?? 12);
const first = Number(process.env.FIRST_SEED ?? 1);
const frozenMs = Number(process.env.FROZEN_MS ?? 3_000);

test.each(Array.from({ length: seeds }, (_, n) => ({ seed: first + n })))(
  'seed $seed: nothing acknowledged is lost, nothing is applied twice, the order holds',
  { timeout: 400_000 },
  async ({ seed }) => {
    const report = await runSeed(seed, { frozenMs });
    const { faults, acknowledged, convergedMs, stillMs } = report;
    const took = `${convergedMs} ms (still for ${stillMs} ms)`;
    process.stdout.write(`seed ${seed}: ${acknowledged} events, ${took}; ${faults.join(', ')}\n`);
    expect(acknowledged).toBeGreaterThan(0);
    expect(report).toMatchObject({ lost: 0, twice: 0, outOfOrder: 0, differences: 0 });
  },
);
