import { expect, test } from 'vitest';
import { rememberDocuments } from './remember-documents.ts';

test('the documents used last are remembered, long ones never', () => {
  const documents = rememberDocuments<number>(3);
  for (const [index, text] of ['a', 'b', 'c'].entries()) documents.set(text, index);
  expect(documents.get('a')).toBe(0);
  documents.set('d', 3);
  expect([documents.get('a'), documents.get('b'), documents.get('d'), documents.size]).toEqual([0, undefined, 3, 3]);
  documents.set('x'.repeat(10_001), 4);
  expect(documents.size).toBe(3);
});
