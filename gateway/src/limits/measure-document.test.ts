import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { measureDocument } from './measure-document.ts';

const measured = (text: string) => measureDocument(parse(text));

test('selections side by side, the same ones, and all of them are counted', () => {
  expect(measured('{ a { b b b } c d }')).toEqual({ breadth: 3, duplicates: 3, fields: 6, introspection: 0 });
});

test('an alias makes a selection another one, spreading a fragment again does not', () => {
  expect(measured('{ x: a y: a }').duplicates).toBe(1);
  expect(measured('{ ...F ...F } fragment F on Query { a }').duplicates).toBe(2);
});

test('a fragment counts wherever it is spread: ten that spread the next ten times are ten billion fields', () => {
  const bomb = Array.from({ length: 10 }, (_, n) => {
    const spreads = Array.from({ length: 10 }, (_, m) => `x${m}: a { ...F${n + 1} }`).join(' ');
    return `fragment F${n} on Query { ${spreads} }`;
  });
  const text = `{ ...F0 } ${bomb.join('\n')} fragment F10 on Query { a }`;
  expect(measured(text).fields).toBeGreaterThan(1e10);
});

test('a fragment that spreads itself ends', () => {
  expect(measured('{ ...A } fragment A on Query { a ...B } fragment B on Query { b ...A }').fields).toBe(2);
});

test('types that lead to types are counted, through fragments too', () => {
  const circle =
    '{ __schema { types { fields { type { fields { type { ...T } } } } } } } fragment T on __Type { fields { name } }';
  expect(measured(circle).introspection).toBe(4);
});

test('of several operations the largest counts', () => {
  expect(measured('query A { a } query B { a { b c } }').fields).toBe(3);
});
