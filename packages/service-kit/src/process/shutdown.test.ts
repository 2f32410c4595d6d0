import { pino } from 'pino';
import { expect, test } from 'vitest';
import { stopInReverse } from './shutdown.ts';

test('what started last stops first, and a failing stop does not keep the rest running', async () => {
  const stopped: string[] = [];
  await stopInReverse(pino({ level: 'silent' }), [
    () => void stopped.push('database'),
    async () => {
      await Promise.resolve();
      stopped.push('relay');
      throw new Error('no');
    },
    () => void stopped.push('http'),
  ]);
  expect(stopped).toEqual(['http', 'relay', 'database']);
});
