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

test('nor can what stands in dates, maps and sets, which are read as ever', () => {
  const frozen = freezeDeeply({
    at: new Date('2026-01-02T03:04:05Z'),
    byName: new Map([['a', { n: 1, list: [1] }]]),
    names: new Set([{ of: 'a' }]),
  });
  const changes: (() => unknown)[] = [
    () => frozen.at.setFullYear(1999),
    () => frozen.at.setTime(0),
    () => frozen.byName.set('b', { n: 2, list: [] }),
    () => frozen.byName.delete('a'),
    () => frozen.byName.clear(),
    () => frozen.byName.get('a')!.list.push(2),
    () => frozen.names.add({ of: 'b' }),
    () => frozen.names.clear(),
    () => Object.assign([...frozen.names][0]!, { of: 'c' }),
  ];
  for (const change of changes) expect(change).toThrow(TypeError);
  expect(frozen).toStrictEqual({
    at: new Date('2026-01-02T03:04:05Z'),
    byName: new Map([['a', { n: 1, list: [1] }]]),
    names: new Set([{ of: 'a' }]),
  });
  expect(JSON.stringify(frozen.at)).toBe('"2026-01-02T03:04:05.000Z"');
  expect(structuredClone(frozen.byName).set('b', { n: 2, list: [] }).size).toBe(2);
  expect(frozen.at).toBeInstanceOf(Date);
});

test('dates, maps and sets of a class of their own, and frozen ones, are left what they are', () => {
  class Names extends Set<string> {}
  const names = freezeDeeply(new Names(['a']));
  expect(names).toBeInstanceOf(Names);
  expect(freezeDeeply(Object.freeze(new Date(0))).getTime()).toBe(0);
});

test.each([undefined, null, 1, 'text', true])('%s is left as it is', (value) => {
  expect(freezeDeeply(value)).toBe(value);
});
