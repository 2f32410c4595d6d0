import { expect, test } from 'vitest';
import { layOutTable } from './lay-out-table.ts';

test('each figure stands beside what it is compared with, the ratio and what became of the goal before it, CPU first', () => {
  const table = layOutTable([
    {
      title: 'Relay',
      figures: [
        {
          what: 'rate',
          value: 30_000,
          unit: 'events/s',
          beside: [
            { what: 'floor', value: 60_000 },
            { what: 'peer', value: 1_500 },
          ],
          goal: { atLeast: 8_000 },
        },
        { what: 'p99', value: 16.04, unit: 'ms', goal: { atMost: 15 } },
        { what: 'CPU', value: 0.2, unit: 'ms CPU/req' },
      ],
    },
  ]);
  expect(table.split('\n').map((line) => line.replace(/ +/g, ' '))).toEqual([
    '| Measurement | Ratio | Goal | Figure | Beside it, in the same run |',
    expect.stringMatching(/^(\|-+)+\|$/),
    '| Relay: CPU | | | 0.2 ms CPU/req | |',
    '| Relay: rate | 0.5× | ≥ 8,000 events/s: met | 30,000 events/s | floor: 60,000 events/s |',
    '| | 20× | | | peer: 1,500 events/s |',
    '| Relay: p99 | | ≤ 15 ms: MISSED | 16 ms | |',
  ]);
});

test('a measurement that failed says why, in the table', () => {
  const table = layOutTable([{ title: 'Import', figures: [], failure: 'no server\n at …' }]);
  expect(table).toMatch(/FAILED \| no server/);
});
