import { expect, test, vi } from 'vitest';
import { readMoment } from './republish-events.ts';

const now = new Date('2026-02-01T00:00:00Z');

test.each([
  ['2026-01-31T10:00:00Z', '2026-01-31T10:00:00.000Z'],
  ['2026-01-31', '2026-01-31T00:00:00.000Z'],
  ['2026-01-31T10:00:00+05:45', '2026-01-31T04:15:00.000Z'],
  ['90m', '2026-01-31T22:30:00.000Z'],
  ['12h', '2026-01-31T12:00:00.000Z'],
  ['30d', '2026-01-02T00:00:00.000Z'],
])('%s is %s', (text, moment) => expect(readMoment(text, now)?.toISOString()).toBe(moment));

test.each(['', 'yesterday', '12', '3w', '2026-13-01', '-5m'])('"%s" is no moment', (text) =>
  expect(readMoment(text, now)).toBeNull(),
);

test.each([
  '2026-01-31T10:00:00',
  '2026-01-31T10:00',
  '2026-01-31 10:00:00',
  '2026-01-31T10:00:00.000',
  '2026-01-31T10:00Z',
])('%s is the same moment wherever the command runs', (text) => {
  for (const zone of ['Asia/Kathmandu', 'Pacific/Marquesas', 'UTC']) {
    vi.stubEnv('TZ', zone);
    expect(readMoment(text, now)?.toISOString()).toBe('2026-01-31T10:00:00.000Z');
  }
  vi.unstubAllEnvs();
});
