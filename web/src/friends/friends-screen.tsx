import { HeartIcon, MagnifyingGlassIcon } from '@radix-ui/react-icons';
import { Button, Flex } from '@radix-ui/themes';
import { useDeferredValue, useMemo, useState } from 'react';
import { Link } from 'wouter';
import { useLiveList } from '../connection/use-live-list.ts';
import { Screen } from '../layout/screen.tsx';
import { EmptyState } from '../problems/empty-state.tsx';
import { ListIsComing } from '../problems/list-is-coming.tsx';
import { DemonstrationHint } from './demonstration-hint.tsx';
import { filterFriends, tagsOf, type Wanted } from './filter-friends.ts';
import { FriendFilters } from './friend-filters.tsx';
import { FriendRows } from './friend-rows.tsx';
import './friends.css';

/** The friend list: everything on it is live, and what is typed into it is there at once. */
export function FriendsScreen() {
  const { friends, known, state } = useLiveList();
  const [wanted, setWanted] = useState<Wanted>({ text: '', tag: null, order: 'NAME' });
  // Typing goes before drawing thousands of rows.
  const shownWanted = useDeferredValue(wanted);
  const tags = useMemo(() => tagsOf(friends), [friends]);
  const found = useMemo(() => filterFriends(friends, shownWanted), [friends, shownWanted]);
  const isFiltered = wanted.text.trim() !== '' || wanted.tag !== null;

  return (
    <Screen title="Friends" lead={known ? countOf(friends.length, found.length, isFiltered) : undefined}>
      <DemonstrationHint />
      {known && friends.length > 0 ? <FriendFilters wanted={wanted} onChange={setWanted} tags={tags} /> : null}
      {!known ? (
        <ListIsComing state={state} what="Your friends" />
      ) : friends.length === 0 ? (
        <EmptyState
          icon={<HeartIcon />}
          title="No friends yet"
          action={
            <Flex gap="3" wrap="wrap" justify="center">
              <Button asChild size="3">
                <Link href="/people">Find people</Link>
              </Button>
              <Button asChild size="3" variant="soft">
                <Link href="/you">Invite somebody</Link>
              </Button>
            </Flex>
          }
        >
          Find somebody you know and send a request. They appear here the moment they accept.
        </EmptyState>
      ) : found.length === 0 ? (
        <EmptyState
          icon={<MagnifyingGlassIcon />}
          title="Nobody found"
          action={
            <Button variant="soft" onClick={() => setWanted({ ...wanted, text: '', tag: null })}>
              Show everybody
            </Button>
          }
        >
          No friend has a name or tag like that.
        </EmptyState>
      ) : (
        <FriendRows
          friends={found}
          listKey={`${shownWanted.text}|${shownWanted.tag}|${shownWanted.order}`}
          tellsSince={shownWanted.order === 'NEWEST'}
        />
      )}
    </Screen>
  );
}

function countOf(all: number, found: number, isFiltered: boolean): string {
  const total = `${all.toLocaleString('en')} ${all === 1 ? 'friend' : 'friends'}`;
  return isFiltered ? `${found.toLocaleString('en')} of ${total}` : total;
}
