import { expect, test } from 'vitest';
import { compareWithPrimary, type Place } from './compare-with-primary.ts';

const primaryAt = (position: number, walTimeline = 1): Place => ({
  systemId: 'one',
  isStandby: false,
  walTimeline,
  position: String(position),
});
const standbyAt = (position: number, walTimeline = 1): Place => ({
  ...primaryAt(position, walTimeline),
  isStandby: true,
});

test('a replica is as fresh as the latest moment whose position it has', () => {
  const compare = compareWithPrimary();
  expect(compare.freshWhen(standbyAt(100), {})).toBeUndefined();
  compare.primaryIsAt(primaryAt(100), 1);
  compare.primaryIsAt(primaryAt(100), 2);
  compare.primaryIsAt(primaryAt(200), 3);
  expect(compare.freshWhen(standbyAt(99), {})).toBeUndefined();
  expect(compare.freshWhen(standbyAt(100), {})).toBe(2);
  expect(compare.freshWhen(standbyAt(199), {})).toBe(2);
  expect(compare.freshWhen(standbyAt(200), {})).toBe(3);
});

test('what a replica has of an old primary does not count once another was promoted', () => {
  const compare = compareWithPrimary();
  const left = {};
  compare.primaryIsAt(primaryAt(100), 1);
  expect(compare.freshWhen(standbyAt(150), left)).toBe(1);
  compare.primaryIsAt(primaryAt(120, 2), 2);
  expect(compare.freshWhen(standbyAt(150), left)).toBeUndefined();
  compare.primaryIsAt(primaryAt(160, 2), 3);
  expect(compare.freshWhen(standbyAt(150), left)).toBeUndefined();
});

test('a replica that follows the one that was promoted counts when it passes its own beginning, or has a checkpoint there', () => {
  const compare = compareWithPrimary();
  const [follows, checked] = [{}, {}];
  compare.primaryIsAt(primaryAt(100, 2), 1);
  expect(compare.freshWhen(standbyAt(100), follows)).toBeUndefined();
  expect(compare.freshWhen(standbyAt(100, 2), checked)).toBe(1);
  compare.primaryIsAt(primaryAt(120, 2), 2);
  expect(compare.freshWhen(standbyAt(120), follows)).toBe(2);
});

test('another database, and a primary besides the one that is written to, are none of its replicas', () => {
  const compare = compareWithPrimary();
  compare.primaryIsAt(primaryAt(100, 2), 1);
  expect(() => compare.freshWhen({ ...standbyAt(500), systemId: 'two' }, {})).toThrow('no replica');
  expect(() => compare.freshWhen(primaryAt(500, 1), {})).toThrow('a primary itself');
  expect(compare.freshWhen(primaryAt(100, 2), {})).toBe(1);
});
