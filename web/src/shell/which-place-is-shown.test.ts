import { expect, test } from 'vitest';
import { whichPlaceIsShown } from './which-place-is-shown.ts';

const user = { id: 'ben', nickname: 'Ben', avatarUrl: null };
const friends = [{ user, remark: null, displayName: 'Ben', pinned: false, tags: [], since: '' }];

test.each([
  ['/', '/'],
  ['/requests', '/requests'],
  ['/people', '/people'],
  ['/people/', '/people'],
  ['/people/ben', '/'],
  ['/people/BEN', '/'],
  ['/people/cleo', '/people'],
  ['/people/me', '/you'],
  ['/you', '/you'],
  ['/nowhere', undefined],
])('%s belongs to %s', (address, place) => {
  expect(whichPlaceIsShown(address, { friends }, 'me')).toBe(place);
});
