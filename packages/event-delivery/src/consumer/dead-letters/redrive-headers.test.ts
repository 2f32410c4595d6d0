import { expect, test } from 'vitest';
import { readHeaderPrefix } from '../../broker/header-prefix.ts';
import { readsRedriveHeaders, writeRedriveHeaders } from './redrive-headers.ts';

const redrive = { consumer: 'inventory', letter: 7 };

test('a redrive is read as it was written, whatever the prefix', () => {
  for (const broker of [{}, { headerPrefix: 'Shop' }]) {
    expect(readsRedriveHeaders(broker)(writeRedriveHeaders(broker, redrive))).toEqual(redrive);
    expect(readsRedriveHeaders(broker)({ traceparent: 'x' })).toBeUndefined();
  }
});

test('the headers begin with the prefix of the broker: Kith unless told', () => {
  expect(writeRedriveHeaders({}, redrive)).toEqual({ 'Kith-Redriven-For': 'inventory', 'Kith-Dead-Letter': '7' });
  expect(Object.keys(writeRedriveHeaders({ headerPrefix: 'Shop' }, redrive))).toEqual([
    'Shop-Redriven-For',
    'Shop-Dead-Letter',
  ]);
});

test.each([
  [undefined, 'Kith'],
  ['Shop', 'Shop'],
  ['a-1', 'a-1'],
])('%j is the prefix %s', (configured, prefix) => expect(readHeaderPrefix(configured)).toBe(prefix));

test.each(['', '-', '1a', 'a b', 'a:b', 'ä', 'a\n', 'a\r\nX', 'x'.repeat(65)])(
  '%j is refused by name',
  (configured) => {
    expect(() => readHeaderPrefix(configured)).toThrow(expect.objectContaining({ code: 'BAD_HEADER_PREFIX' }));
  },
);
