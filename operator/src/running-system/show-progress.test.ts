import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { showProgress } from './show-progress.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function written(isTTY: boolean) {
  const texts: string[] = [];
  const stream = { isTTY, columns: 80, write: (text: string) => texts.push(text) } as unknown as NodeJS.WriteStream;
  return { texts, stream };
}

test('without a terminal there is a line every few seconds, also while nothing moves, and none after the end', () => {
  const { texts, stream } = written(false);
  const progress = showProgress({ stream, env: {} });
  vi.advanceTimersByTime(20_000);
  expect(texts).toEqual([]);
  progress.show('Users', 1_000, 4_000);
  vi.advanceTimersByTime(11_000);
  expect(texts).toEqual(['Users: 1,000 of 4,000\n', 'Users: 1,000 of 4,000\n']);
  progress.end();
  vi.advanceTimersByTime(20_000);
  expect(texts).toHaveLength(2);
});

test('a terminal that cannot redraw a line gets lines, too', () => {
  const { texts, stream } = written(true);
  const progress = showProgress({ stream, env: { TERM: 'dumb' } });
  progress.show('Friendships', 1, 2, '· 7/s');
  vi.advanceTimersByTime(6_000);
  progress.end();
  expect(texts).toEqual(['Friendships: 1 of 2 · 7/s\n']);
});

test('programs, which asked for JSON, get nothing beside it', () => {
  const { texts, stream } = written(false);
  showProgress({ json: true, stream, env: {} }).show('Users', 1, 2);
  vi.advanceTimersByTime(60_000);
  expect(texts).toEqual([]);
});

test.each([
  [{ LANG: 'C' }, /^[\x20-\x7e]+$/],
  [{}, /^[\x20-\x7e]+$/],
  [{ LANG: 'en_US.UTF-8', LC_ALL: 'C' }, /^[\x20-\x7e]+$/],
  [{ LANG: 'C.UTF-8' }, /█/],
])('a bar is drawn with the letters of %j', (env, letters) => {
  const { texts, stream } = written(true);
  showProgress({ stream, env }).show('Users', 1, 2);
  expect(texts[0]?.replace('\r\x1b[2K', '')).toMatch(letters);
});
