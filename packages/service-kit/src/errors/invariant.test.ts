import { register } from '@prometheus-io/client';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { InvariantBroken, invariant, present } from './invariant.ts';
import { maskError } from './mask-error.ts';

const thrownBy = (act: () => unknown) => {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
};

test('what holds costs nobody anything: what was seen is not even asked for', () => {
  invariant(true, 'all is well', () => {
    throw new Error('asked');
  });
  expect(present(0, 'there is a number')).toBe(0);
});

test('what is broken says what should hold and what was there, by its number, and is counted', async () => {
  const error = thrownBy(() => invariant(1 + 1 === Number('3'), 'sums are right (S99)', () => ({ sum: 2 })));
  expect(error).toBeInstanceOf(InvariantBroken);
  expect(error).toMatchObject({
    code: 'INVARIANT_BROKEN',
    invariant: 'S99',
    message: 'It does not hold that sums are right (S99): {"sum":2}',
  });
  expect(await register.metrics()).toContain('kith_invariants_broken_total{invariant="S99"} 1');
});

test.each([undefined, null])('%s is not present', (nothing) => {
  expect(thrownBy(() => present(nothing, 'there is a list'))).toMatchObject({ invariant: 'other' });
});

test('clients are told that something went wrong on our side, and the log what', () => {
  const lines: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) });
  const error = thrownBy(() => invariant(false, 'two is company (S98)'));
  expect(maskError(error, log)).toMatchObject({
    message: 'Something went wrong on our side.',
    extensions: { code: 'INTERNAL_SERVER_ERROR' },
  });
  expect(lines.join()).toContain('two is company (S98)');
});
