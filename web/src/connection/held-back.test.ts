import { expect, test } from 'vitest';
import { type HeldBack, nameOfHeldBack, readHeldBack, withoutHeldBack } from './held-back.ts';

const person = (id: string) => ({ id, nickname: id, avatarUrl: null });
const friend = (id: string) => ({
  ...{ user: person(id), remark: null, displayName: id, pinned: false, tags: [], since: '2026-01-01T00:00:00Z' },
});
const request = (from: string, to: string) => ({
  ...{ id: `${from}-${to}`, from: person(from), to: person(to), message: null, sentAt: '2026-01-01T00:00:00Z' },
});
const list = {
  ...{ state: 'live' as const, known: true, revision: 7, cursor: 'c' },
  friends: [friend('ben'), friend('cleo')],
  requests: [request('dara', 'me'), request('me', 'emil')],
};
const deed = (kind: HeldBack['kind'], id: string, more: Partial<HeldBack> = {}): HeldBack => ({
  ...{ kind, ownerId: 'me', person: { id, name: id }, heldAt: 1, ...more },
});
const removal = deed('remove', 'ben', { since: '2026-01-01T00:00:00Z' });

test('a list is itself while nothing is held back', () => {
  expect(withoutHeldBack(list, [])).toBe(list);
});

test.each([
  [removal, ['cleo'], ['dara-me', 'me-emil']],
  [deed('block', 'ben'), ['cleo'], ['dara-me', 'me-emil']],
  [deed('block', 'dara'), ['ben', 'cleo'], ['me-emil']],
  [deed('decline', 'dara', { requestId: 'dara-me' }), ['ben', 'cleo'], ['me-emil']],
  [deed('cancel', 'emil', { requestId: 'me-emil' }), ['ben', 'cleo'], ['dara-me']],
])('a list is shown as it will be after %o', (held, friends, requests) => {
  const shown = withoutHeldBack(list, [held]);
  expect(shown.friends.map(({ user }) => user.id)).toEqual(friends);
  expect(shown.requests.map(({ id }) => id)).toEqual(requests);
  expect(shown).toMatchObject({ revision: 7, known: true });
});

test('what was kept is read again, and what no page of ours could have written is left out', () => {
  const declined = deed('decline', 'dara', { requestId: 'dara-me' });
  expect(readHeldBack(JSON.stringify([removal, declined]))).toEqual([removal, declined]);
  for (const text of [null, '', 'not JSON', '{}', 'null', '[null, 1, "x", [], {}]'])
    expect(readHeldBack(text)).toEqual([]);
  const spoilt = [
    { ...removal, kind: 'forget' },
    { ...removal, since: undefined },
    { ...declined, requestId: undefined },
    { ...removal, person: null },
    { ...removal, heldAt: 'yesterday' },
    { ...removal, ownerId: 1 },
  ];
  expect(readHeldBack(JSON.stringify(spoilt))).toEqual([]);
});

test('the same done twice is one, and what another did is another', () => {
  expect(nameOfHeldBack({ ...removal, heldAt: 9 })).toBe(nameOfHeldBack(removal));
  expect(nameOfHeldBack({ ...removal, ownerId: 'you' })).not.toBe(nameOfHeldBack(removal));
  expect(nameOfHeldBack(deed('block', 'ben'))).not.toBe(nameOfHeldBack(removal));
});
