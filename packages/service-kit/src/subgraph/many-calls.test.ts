import { expect, test } from 'vitest';
import { readAnswer, readCall, writeAnswer, writeCall, writeLeft } from './many-calls.ts';

test('a call is read as it was written, on one line', () => {
  const body = { query: '{ me {\n id } }', variables: { name: 'a\nb \u2028' } };
  const line = writeCall(7, { authorization: 'Bearer x' }, JSON.stringify(body));
  expect(line).not.toContain('\n');
  expect(readCall(line)).toEqual({ id: 7, headers: { authorization: 'Bearer x' }, body });
  expect(readCall(writeLeft(7))).toEqual({ left: 7 });
});

test('an answer is read as it was written', () => {
  expect(readAnswer(writeAnswer(7, '{"data":{"a b":1}}'))).toEqual({ id: 7, result: '{"data":{"a b":1}}' });
});

test.each([
  ...['', 'null', '[]', '7', '"x"', '{', '{}', '{"id":0,"headers":{},"body":{}}', '{"id":1.5,"headers":{}}'],
  ...['{"id":"1","headers":{}}', '{"id":1}', '{"id":1,"headers":[]}', '{"id":1,"headers":{"a":1}}', '{"left":true}'],
  ...['{"id":-1,"left":true}', '{"id":1e300,"headers":{}}'],
])('%s is no call', (line) => {
  expect(readCall(line)).toBeUndefined();
});

test.each(['', ' ', 'x {"data":null}', '1', '1.5 {}'])('"%s" is no answer', (line) => {
  expect(readAnswer(line)).toBeUndefined();
});
