import { cursorsWithoutKind, inPages, type LiveList, type OnBroken } from '@kith/live-list';
import { invariant } from '@kith/service-kit';
import type pg from 'pg';
import { readPeople } from '../profiles/read-people.ts';
import type { ListedRequest } from '../view/entries/list-state.ts';
import type { FriendListView } from '../view/friend-list-view.ts';
import {
  changeAnswer,
  type FriendListChange,
  type FriendListPage,
  friendAnswer,
  isShown,
  requestAnswer,
  type ShownEvent,
} from './list-change.ts';
import { loadRevisions } from './load-revisions.ts';
import { readEvents } from './read-events.ts';

/** Friends a page of a snapshot holds: a frame of some 50 KB. */
const FRIENDS_PER_PAGE = 200;

/** Friend lists as a kind of live list. */
export type FriendLiveList = LiveList<ShownEvent, FriendListChange, FriendListPage>;

/** Friend lists were there before other kinds of lists: their cursors name none. */
export const friendListCursors = cursorsWithoutKind();

/** A broken invariant of a list is one of this service, by its number. */
export const tellOfBroken: OnBroken = ({ holds, seen }) => invariant(false, holds, () => seen);

/** Friend lists over the view and the outbox: where a list stands costs one Redis read while it has a view. */
export function friendLiveList(
  pool: pg.Pool,
  view: Pick<FriendListView, 'revision' | 'revisions' | 'whole'>,
  timeline: { readonly current: string },
): FriendLiveList {
  return {
    cursors: friendListCursors,
    changeOf: (event, { cursor }) => changeAnswer(event, cursor),
    onBroken: tellOfBroken,
    history: {
      get timeline() {
        return timeline.current;
      },
      async revisions(ownerIds) {
        const found = new Map(await view.revisions(ownerIds));
        const missing = ownerIds.filter((ownerId) => !found.has(ownerId));
        if (missing.length === 0) return found;
        for (const [ownerId, revision] of await loadRevisions(pool, missing)) found.set(ownerId, revision);
        return found;
      },
      revision: async (ownerId) =>
        (await view.revision(ownerId)) ?? (await loadRevisions(pool, [ownerId])).get(ownerId) ?? 0,
      events: async (ownerId, afterRevision, limit) =>
        (await readEvents(pool, ownerId, afterRevision, limit)).filter(isShown),
      async whole(ownerId) {
        const { revision, friends, requests } = await view.whole(ownerId);
        const people = await readPeople(
          pool,
          requests.flatMap(({ fromId, toId }) => [fromId, toId]),
        );
        const listed = requests.map((request) => requestAnswer(joinPeople(request, people)));
        const pages = inPages(friends, FRIENDS_PER_PAGE).map((page, at): FriendListPage => {
          const friendsOfPage = page.map(friendAnswer);
          return { __typename: 'FriendListSnapshot', friends: friendsOfPage, requests: at === 0 ? listed : [] };
        });
        return { revision, pages };
      },
    },
  };
}

function joinPeople(
  { id, fromId, toId, message, sentAt }: ListedRequest,
  people: ReadonlyMap<string, { nickname: string; avatarUrl: string | null }>,
) {
  const person = (userId: string) => ({ userId, nickname: '', avatarUrl: null, ...people.get(userId) });
  return { id, from: person(fromId), to: person(toId), message, sentAt };
}
