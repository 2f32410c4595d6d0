import { expect, test } from 'vitest';
import { childTraceparent, currentTraceparent, inTrace, newTraceparent, traceIdOf } from './trace-context.ts';

test('a child stays in the trace with a span of its own', () => {
  const parent = newTraceparent();
  const child = childTraceparent(parent);
  expect(traceIdOf(child)).toBe(traceIdOf(parent));
  expect(child).not.toBe(parent);
});

test.each([undefined, '', 'nonsense', `00-${'0'.repeat(32)}-${'1'.repeat(16)}-01`])(
  '%s starts a new trace',
  (parent) => {
    expect(traceIdOf(childTraceparent(parent))).toMatch(/^[0-9a-f]{32}$/);
  },
);

test('what is awaited inside a trace knows it, what is outside does not', async () => {
  const traceparent = newTraceparent();
  const seen = await inTrace(traceparent, async () => {
    await Promise.resolve();
    return currentTraceparent();
  });
  expect(seen).toBe(traceparent);
  expect(currentTraceparent()).toBeUndefined();
});
