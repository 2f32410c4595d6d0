import { eventOfRow } from '@kith/live-list';
import { expect, test } from 'vitest';
import { FRIEND_LISTS } from '../lists/read-events.ts';
import { translateRefusal } from './translate-refusal.ts';

function refusalOf(type: string) {
  const row = { event_id: 'e', owner_id: 'o', revision: '1', type, payload: {}, occurred_at: new Date(0) };
  try {
    return eventOfRow(FRIEND_LISTS, row);
  } catch (error) {
    return translateRefusal(error);
  }
}

test('a list whose history holds a version from the future is to be asked for again, of a newer process', () => {
  expect(refusalOf('kith.friend.added.v99')).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
});

test('what no process could read stays an error of ours', () => {
  expect(refusalOf('kith.friend.added.v1')).toBeUndefined();
  expect(refusalOf('kith.friend.lost.v1')).toBeUndefined();
});
