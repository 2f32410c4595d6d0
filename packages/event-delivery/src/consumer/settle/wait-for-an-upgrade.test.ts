import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { UnreadableEvent } from '../../envelope/envelope.ts';
import { waitsForUpgrades } from './wait-for-an-upgrade.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const fromTheFuture = new UnreadableEvent('UNKNOWN_VERSION', 'newer', { fromTheFuture: true });
const ago = (ms: number) => new Date(Date.now() - ms);
const upgrades = () =>
  waitsForUpgrades({ now: () => new Date(), maxUnacked: 4, lookAgain: { firstMs: 1_000, mostMs: 1_000 } });

test('an event from the future waits for a day since it was stored, and no longer', () => {
  const { mayWait } = upgrades();
  expect([ago(0), ago(DAY_MS - 1), ago(DAY_MS)].map((at) => mayWait(fromTheFuture, at))).toEqual([true, true, false]);
});

test.each([
  ['what a handler met when it read to fill a hole', new Error('the hole', { cause: fromTheFuture }), true],
  ['that, however deep', new Error('1', { cause: new Error('2', { cause: fromTheFuture }) }), true],
  ['a version that is no version', new UnreadableEvent('UNKNOWN_VERSION', 'v0'), false],
  ['malformed data', new UnreadableEvent('MALFORMED_DATA', 'n'), false],
  ['a failure of the handler', new TypeError('it broke'), false],
  ['what is no error', 'no', false],
])('%s waits alike, if it is from the future', (_what, error, expected) => {
  expect(upgrades().mayWait(error, ago(0))).toBe(expected);
});

test('an error that is its own cause is looked through once', () => {
  const circle = new Error('circle');
  circle.cause = circle;
  expect(upgrades().mayWait(circle, ago(0))).toBe(false);
});

test('while what waits takes half of what may be in hand, nothing waits for longer than ten minutes', () => {
  const { mayWait, delayMs } = upgrades();
  const [early, late] = [ago(9 * MINUTE_MS), ago(11 * MINUTE_MS)];
  const may = () => [mayWait(fromTheFuture, early), mayWait(fromTheFuture, late)];
  delayMs(1);
  delayMs(1);
  expect(may()).toEqual([true, true]);
  delayMs(1);
  expect(may()).toEqual([true, false]);
  vi.advanceTimersByTime(1_000);
  expect(may()).toEqual([true, true]);
});
