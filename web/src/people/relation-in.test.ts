import { expect, test } from 'vitest';
import { relationIn } from './relation-in.ts';

const person = (id: string) => ({ id, nickname: id, avatarUrl: null });
const request = (from: string, to: string) => ({
  id: `${from}-${to}`,
  from: person(from),
  to: person(to),
  message: null,
  sentAt: '2026-01-01T00:00:00Z',
});
const friend = { user: person('ben'), remark: null, displayName: 'ben', pinned: false, tags: [], since: '' };
const list = { known: true, friends: [friend], requests: [request('me', 'cleo'), request('dara', 'me')] };

test('the list knows better than an answer that is older', () => {
  expect(relationIn(list, 'ben', 'NONE')).toBe('FRIEND');
  expect(relationIn(list, 'cleo', 'NONE')).toBe('REQUEST_SENT');
  expect(relationIn(list, 'dara', 'NONE')).toBe('REQUEST_RECEIVED');
  expect(relationIn(list, 'emil', 'FRIEND')).toBe('NONE');
});

test('what no list tells is believed: blocks, oneself, and everything before the list is known', () => {
  expect(relationIn(list, 'ben', 'BLOCKED')).toBe('BLOCKED');
  expect(relationIn(list, 'me', 'SELF')).toBe('SELF');
  expect(relationIn({ ...list, known: false }, 'emil', 'FRIEND')).toBe('FRIEND');
});
