import { expect, test } from 'vitest';
import { freezeDeeply } from './freeze-deeply.ts';

test('nothing of it can be changed, however deep, and circles end', () => {
  const circle: { list: { n: number }[]; self?: object; bytes: Uint8Array; none: null } = {
    list: [{ n: 1 }],
    bytes: new Uint8Array(2),
    none: null,
  };
  circle.self = circle;
  const frozen = freezeDeeply(circle);
  expect(frozen).toBe(circle);
  expect(() => frozen.list.push({ n: 2 })).toThrow(TypeError);
  expect(() => {
    frozen.list[0]!.n = 2;
  }).toThrow(TypeError);
  expect(frozen.list).toEqual([{ n: 1 }]);
});

test('what was frozen at its surface alone is frozen deeply all the same', () => {
  const shallow = Object.freeze({ list: [1] });
  expect(() => freezeDeeply(shallow).list.push(2)).toThrow(TypeError);
});

test.each([undefined, null, 1, 'text', true])('%s is left as it is', (value) => {
  expect(freezeDeeply(value)).toBe(value);
});
