import { expect, test } from 'vitest';
import { createLog } from './create-log.ts';
import { inTrace, newTraceparent, traceIdOf } from './trace-context.ts';

function logInto(lines: string[], level = 'info') {
  return createLog({ name: 'test', level }, { write: (line) => lines.push(line) });
}

test('a line inside a trace names it', () => {
  const lines: string[] = [];
  const traceparent = newTraceparent();
  inTrace(traceparent, () => logInto(lines).info('hello'));
  expect(JSON.parse(lines[0]!)).toMatchObject({ name: 'test', msg: 'hello', traceId: traceIdOf(traceparent) });
});

test('secrets are cut out', () => {
  const lines: string[] = [];
  logInto(lines).info({ password: 'hunter2', input: { refreshToken: 'hunter2', username: 'ann' } }, 'x');
  expect(lines[0]).not.toContain('hunter2');
  expect(lines[0]).toContain('ann');
});

test('nothing is written below the level', () => {
  const lines: string[] = [];
  logInto(lines, 'warn').info('hello');
  expect(lines).toEqual([]);
});
