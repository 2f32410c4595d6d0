import { expect, test } from 'vitest';
import { layOutTable } from './lay-out-table.ts';

test('each figure stands beside what it is compared with, with the ratio and what became of the goal', () => {
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
      ],
    },
  ]);
  expect(table.split('\n').map((line) => line.replace(/ +/g, ' '))).toEqual([
    '| Measurement | Figure | Beside it, in the same run | Ratio | Goal |',
    expect.stringMatching(/^(\|-+)+\|$/),
    '| Relay: rate | 30,000 events/s | floor: 60,000 events/s | 0.5× | ≥ 8,000 events/s: met |',
    '| | | peer: 1,500 events/s | 20× | |',
    '| Relay: p99 | 16 ms | | | ≤ 15 ms: MISSED |',
  ]);
});

test('a measurement that failed says why, in the table', () => {
  const table = layOutTable([{ title: 'Import', figures: [], failure: 'no server\n at …' }]);
  expect(table).toContain('FAILED | no server');
});
