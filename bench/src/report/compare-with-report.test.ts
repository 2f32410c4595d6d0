import { expect, test } from 'vitest';
import { readRatios, worseThan } from './compare-with-report.ts';
import { layOutTable, type Measured } from './lay-out-table.ts';

const measured = (rate: number, ms: number): Measured[] => [
  {
    title: 'Relay',
    figures: [
      {
        what: 'rate',
        value: rate,
        unit: 'events/s',
        beside: [
          { what: 'floor: the least', value: 100_000 },
          { what: 'peer', value: 1_500 },
        ],
      },
      { what: 'p99', value: ms, unit: 'ms', beside: [{ what: 'floor: the least', value: 10 }] },
      { what: 'alone', value: 3, unit: 'KB' },
    ],
  },
];
const before = readRatios(`# A report\n\n${layOutTable(measured(50_000, 20))}\n\n## More\n`);

test('the ratios of a report are read as they were written', () => {
  expect([...before]).toEqual([
    ['Relay: rate | floor: the least', 0.5],
    ['Relay: rate | peer', 33.3],
    ['Relay: p99 | floor: the least', 2],
  ]);
  expect(() => readRatios('# Nothing')).toThrow('no table');
});

test('what is as it was, a little worse, or better is no regression', () => {
  for (const [rate, ms] of [
    [50_000, 20],
    [43_000, 22.9],
    [90_000, 2],
  ] as const) {
    expect(worseThan(before, measured(rate, ms), 0.15)).toEqual([]);
  }
});

test('a rate that is lower and a time that is longer by more than the tolerance are told', () => {
  expect(worseThan(before, measured(42_000, 20), 0.15)).toEqual([
    { what: 'Relay: rate', beside: 'floor: the least', before: 0.5, now: 0.42 },
    { what: 'Relay: rate', beside: 'peer', before: 33.3, now: 28 },
  ]);
  expect(worseThan(before, measured(50_000, 23.5), 0.15)).toEqual([
    { what: 'Relay: p99', beside: 'floor: the least', before: 2, now: 2.35 },
  ]);
});

test('what the report does not have is not compared', () => {
  expect(worseThan(new Map(), measured(1, 1_000), 0.15)).toEqual([]);
});
