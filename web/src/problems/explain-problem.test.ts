import { KithApiError, Unreachable } from '@kith/client';
import { expect, test } from 'vitest';
import { explainProblem } from './explain-problem.ts';

const refusal = (code: string, extensions: Record<string, unknown> = {}) =>
  explainProblem(new KithApiError('As the server says.', { code, ...extensions }));

test('a full list is said with its limit', () => {
  expect(refusal('FRIEND_LIMIT_REACHED', { limit: 5000 }).advice).toContain('5,000 friends');
});

test('a limit carries how long to wait, and the input that was refused is named', () => {
  expect(refusal('RATE_LIMITED', { retryAfterMs: 1_500 })).toMatchObject({ retryAfterMs: 1_500, mayPass: false });
  expect(refusal('BAD_USER_INPUT', { field: 'nickname', limit: 64 })).toMatchObject({
    field: 'nickname',
    advice: 'As the server says.',
  });
});

test('what may be well again in a moment is offered again, what is refused is not', () => {
  expect(refusal('SERVICE_UNAVAILABLE').mayPass).toBe(true);
  expect(explainProblem(new Unreachable()).mayPass).toBe(true);
  expect(refusal('NOT_ALLOWED').mayPass).toBe(false);
});

test('every code of the API has words of its own, and an unknown one has some', () => {
  const codes = ['INVALID_CREDENTIALS', 'USERNAME_TAKEN', 'RATE_LIMITED', 'FRIEND_LIMIT_REACHED', 'NOT_ALLOWED'];
  const titles = [
    ...codes,
    'USER_NOT_FOUND',
    'NOT_FRIENDS',
    'REQUEST_NOT_FOUND',
    'SESSION_ENDED',
    'NEVER_HEARD_OF',
  ].map((code) => refusal(code).title);
  expect(new Set(titles).size).toBe(titles.length);
});

test('a link that leads nowhere is said to be a link, and a search to be a search', () => {
  expect(refusal('BAD_USER_INPUT', { field: 'id' })).toMatchObject({ title: 'This link does not work' });
  expect(refusal('BAD_USER_INPUT', { field: 'userId' }).advice).not.toContain('As the server says');
  expect(refusal('BAD_USER_INPUT', { field: 'text' }).title).toBe('This cannot be searched for');
  expect(refusal('BAD_USER_INPUT', { field: 'nickname' }).title).toBe('That cannot be saved');
});
