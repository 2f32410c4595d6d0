import { expect, test } from 'vitest';
import { pageOf } from './keyset-cursor.ts';

const edge = (row: number) => ({ cursor: String(row), node: row });

test('a page is cut after `first`, and the row behind it says that there is more', () => {
  expect(pageOf([1, 2, 3], { first: 2, after: null }, edge)).toEqual({
    ...{ edges: [edge(1), edge(2)], hasNextPage: true, hasPreviousPage: false },
  });
});

test('rows read further than that stop the query (S20)', () => {
  expect(() => pageOf([1, 2, 3, 4], { first: 2, after: null }, edge)).toThrow(
    expect.objectContaining({ code: 'INVARIANT_BROKEN', invariant: 'S20' }),
  );
});
