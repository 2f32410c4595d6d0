import { expect, test } from 'vitest';
import { onlyRow } from './only-row.ts';

test('the one row is handed back, whatever is in it', () => {
  expect(onlyRow({ rows: [{ total: 0 }] })).toEqual({ total: 0 });
});

test.each([[[]], [[{ total: 1 }, { total: 2 }]]])('%j is not one row', (rows) => {
  expect(() => onlyRow({ rows })).toThrow(`One row was due, and ${rows.length} came.`);
});
