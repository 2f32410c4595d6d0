import type { Friend } from '@kith/client';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useLayoutEffect, useRef, useState } from 'react';
import { loadLater } from '../layout/load-later.tsx';
import { FriendRow } from './friend-row.tsx';
import { useFreshChanges } from './use-fresh-changes.ts';

const LetterRail = loadLater(
  () => import('./letter-rail.tsx'),
  () => null,
);

const ROW_PX = 66;
const ROWS_BEYOND_THE_EDGE = 6;
/** A shorter list is scrolled as quickly. */
const LETTERS_FROM_FRIENDS = 60;

/**
 * The rows that can be seen, of however many there are. Rows glide to a new place only when the list itself has
 * changed: what a search leaves is simply there.
 *
 * @param listKey another one for another selection of friends
 * @param tellsSince a row tells its day where the row above has another one
 */
export function FriendRows({
  friends,
  listKey,
  tellsSince,
}: {
  friends: readonly Friend[];
  listKey: string;
  tellsSince: boolean;
}) {
  const list = useRef<HTMLUListElement>(null);
  const [offsetTop, setOffsetTop] = useState(0);
  const scroller = () => list.current?.closest<HTMLElement>('.content') ?? null;
  const { isFresh, glides } = useFreshChanges();
  const virtualizer = useVirtualizer({
    count: friends.length,
    getScrollElement: scroller,
    estimateSize: () => ROW_PX,
    getItemKey: (index) => friends[index]?.user.id ?? index,
    overscan: ROWS_BEYOND_THE_EDGE,
    scrollMargin: offsetTop,
    useFlushSync: false,
  });
  // What stands above the list decides where it begins in its scroller.
  useLayoutEffect(() => {
    const scroll = scroller();
    if (!list.current || !scroll) return;
    const top = list.current.getBoundingClientRect().top - scroll.getBoundingClientRect().top + scroll.scrollTop;
    if (Math.abs(top - offsetTop) > 1) setOffsetTop(top);
  });
  const firstKey = useRef(listKey);
  useLayoutEffect(() => {
    if (firstKey.current === listKey) return;
    firstKey.current = listKey;
    const scroll = scroller();
    if (scroll && list.current && scroll.scrollTop > offsetTop) scroll.scrollTop = 0;
  }, [listKey, offsetTop]);

  const hasLetters = !tellsSince && friends.length >= LETTERS_FROM_FRIENDS;

  return (
    <div className="friend-list">
      <ul
        ref={list}
        className="friend-rows"
        aria-label="Your friends"
        data-glides={glides}
        style={{ height: virtualizer.getTotalSize() }}
      >
        {virtualizer.getVirtualItems().map(({ index, key, start }) => {
          const friend = friends[index];
          return friend ? (
            <li
              key={key}
              className="friend-place"
              aria-setsize={friends.length}
              aria-posinset={index + 1}
              style={{ transform: `translateY(${start - offsetTop}px)` }}
            >
              <FriendRow
                friend={friend}
                isFresh={isFresh(friend.user.id)}
                since={tellsSince ? newDay(friend, friends[index - 1]) : undefined}
              />
            </li>
          ) : null;
        })}
      </ul>
      {hasLetters ? (
        <LetterRail friends={friends} onJump={(index) => virtualizer.scrollToIndex(index, { align: 'start' })} />
      ) : null}
    </div>
  );
}

const days = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const dayOf = ({ since }: Friend) => days.format(new Date(since));

/** The day since when they are friends, unless the friend above has said it. */
function newDay(friend: Friend, above: Friend | undefined): string | undefined {
  const day = dayOf(friend);
  return above && dayOf(above) === day ? undefined : day;
}
