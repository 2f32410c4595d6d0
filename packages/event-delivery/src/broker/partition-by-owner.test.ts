import { expect, test } from 'vitest';
import { partitionDurable, partitionDurables } from './durable-names.ts';
import {
  isMarked,
  MOST_PARTITIONS,
  markedPatterns,
  markPattern,
  markSubject,
  PARTITIONS,
  partitionFilter,
  prefixOf,
  readPartitionDurable,
  slotOf,
  unmarkSubject,
} from './partition-by-owner.ts';
import { subjectMatches } from './subject-matches.ts';

const owners = Array.from({ length: 2_000 }, (_, n) => [`n${n}`, `user-${n * 16}`, `é${n}`]).flat();

test('an owner’s slot is data: the same for ever', () => {
  expect(['17', 'n1', 'é', '0192f0c4-8d1e-7b6e-9a51-6f1f5d1c2b3a'].map(slotOf)).toEqual([8, 13, 10, 11]);
});

test.each(PARTITIONS.filter((count) => count > 1))('each event is given to exactly one of %i partitions', (count) => {
  const had = new Array<number>(count).fill(0);
  for (const owner of owners) {
    const subject = markSubject('shop.', `shop.order.placed.${owner}`);
    const takers = had.flatMap((_, at) => (subjectMatches(partitionFilter('shop.', at, count), subject) ? [at] : []));
    expect(takers).toEqual([slotOf(owner) % count]);
    had[takers[0] as number] = (had[takers[0] as number] ?? 0) + 1;
  }
  const fair = owners.length / count;
  for (const share of had) expect(Math.abs(share - fair) / fair).toBeLessThan(0.2);
});

test('a subject comes back as it was, whatever it looks like', () => {
  const subjects = ['shop.a.1', 'shop.1', 'shop.p0.1', 'shop.p1.p1.x.7', 'shop.p0.p0.p0.p0.p0.9', 'shop.placed.p1'];
  for (const subject of subjects) expect(unmarkSubject('shop.', markSubject('shop.', subject))).toBe(subject);
  for (const plain of ['shop.a.1', 'shop.p0.1', 'shop.p2.p0.p0.p0.1', 'shopp.p0.p0.p0.p0.1', 'dead.x.1']) {
    expect(unmarkSubject('shop.', plain)).toBe(plain);
  }
});

test('a stream that takes marked subjects alone takes every one of them, and no other', () => {
  const takes = (subject: string) => markedPatterns('shop.').some((pattern) => subjectMatches(pattern, subject));
  expect(owners.every((owner) => takes(markSubject('shop.', `shop.placed.${owner}`)))).toBe(true);
  expect(takes('shop.placed.1')).toBe(false);
  expect(isMarked('shop.', ['shop.p0.>', 'shop.p1.>'])).toBe(true);
  expect(isMarked('shop.', ['shop.>'])).toBe(false);
  expect(subjectMatches(markPattern('shop.', 'shop.*.7'), markSubject('shop.', 'shop.placed.7'))).toBe(true);
});

test.each([
  [['shop.>'], 'shop.'],
  [['shop.orders.>'], 'shop.orders.'],
  [['shop.>', 'more.>'], undefined],
  [['shop.*'], undefined],
  [['*.orders.>'], undefined],
  [['>'], undefined],
  [['shop'], undefined],
  [[], undefined],
])('%j: all begins with %s', (subjects, prefix) => expect(prefixOf({ subjects })).toBe(prefix));

test('a durable’s partitions have names of their own, which tell it', () => {
  expect(partitionDurable('view', 0, 1)).toBe('view');
  expect(partitionDurable('view', 3, 4)).toBe('view-4of4');
  expect(partitionDurables('view')).toHaveLength(2 * MOST_PARTITIONS - 1);
  expect(readPartitionDurable('view-4of4')).toEqual({ durable: 'view', partition: 3, partitions: 4 });
  for (const other of ['view', 'view-0of4', 'view-5of4', 'view-1of3', 'view-1of1', 'view-01of4', '-1of2']) {
    expect(readPartitionDurable(other)).toBeUndefined();
  }
});
