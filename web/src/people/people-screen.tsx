import type { Friend } from '@kith/client';
import { MagnifyingGlassIcon, PersonIcon } from '@radix-ui/react-icons';
import { Box, Button, Flex, Heading, Skeleton, TextField } from '@radix-ui/themes';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Fragment, type ReactNode, useDeferredValue, useEffect, useState } from 'react';
import { ask } from '../connection/ask.ts';
import { useLive } from '../connection/use-live-list.ts';
import { filterFriends } from '../friends/filter-friends.ts';
import type { SearchPeopleQuery } from '../generated/graphql.ts';
import { Screen } from '../layout/screen.tsx';
import { PersonAvatar } from '../person/person-avatar.tsx';
import { PersonLink } from '../person/person-link.tsx';
import { AnswerDue } from '../problems/answer-due.tsx';
import { EmptyState } from '../problems/empty-state.tsx';
import { SearchPeople, Suggestions } from './people-operations.ts';
import { PersonRow } from './person-row.tsx';

const WAIT_FOR_MORE_LETTERS_MS = 200;

/** Finds anybody by name; before anything is typed, people one may know. */
export default function PeopleScreen() {
  const [text, setText] = useState('');
  const asked = useSettled(text.trim(), WAIT_FOR_MORE_LETTERS_MS);
  return (
    <Screen title="People" lead="Find somebody by the beginning of a name.">
      <TextField.Root
        size="3"
        type="search"
        className="friend-search"
        placeholder="Search everybody"
        aria-label="Search everybody"
        maxLength={64}
        value={text}
        onChange={(event) => setText(event.target.value)}
      >
        <TextField.Slot>
          <MagnifyingGlassIcon aria-hidden />
        </TextField.Slot>
      </TextField.Root>
      <Box mt="4">{asked === '' ? <PeopleYouMayKnow /> : <FoundPeople text={asked} />}</Box>
    </Screen>
  );
}

function FoundPeople({ text }: { text: string }) {
  const shownText = useDeferredValue(text);
  const found = useInfiniteQuery({
    queryKey: ['people', shownText],
    queryFn: ({ pageParam }) => ask(SearchPeople, { text: shownText, after: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ searchUsers: { pageInfo } }) => (pageInfo.hasNextPage ? pageInfo.endCursor : null),
    placeholderData: keepPreviousData,
  });
  const inList = useLive((list) => list.friends);
  if (!found.data) {
    return (
      <>
        <AnswerDue asked={found} what="Everybody else with such a name" whileAsked={<RowsAreComing />} />
        {found.fetchStatus === 'paused' || found.error ? <FriendsFound friends={inList} text={shownText} /> : null}
      </>
    );
  }
  const people = found.data.pages.flatMap(({ searchUsers }) => searchUsers.edges.map(({ node }) => node));
  if (people.length === 0) {
    return (
      <EmptyState icon={<MagnifyingGlassIcon />} title="Nobody by that name">
        Names are found by how their words begin: try the first letters only.
      </EmptyState>
    );
  }
  return (
    <>
      <AnswerDue asked={found} what="People" />
      <ul className="rows" aria-label="People found">
        {people.map((person) => (
          <PersonRow key={person.id} person={person} detail={mutualOf(person)} />
        ))}
      </ul>
      {found.hasNextPage ? (
        <Flex justify="center" mt="4">
          <Button variant="soft" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
            Show more
          </Button>
        </Flex>
      ) : null}
    </>
  );
}

type FoundPerson = SearchPeopleQuery['searchUsers']['edges'][number]['node'];

function mutualOf({ relation, mutualFriends: { edges, pageInfo } }: FoundPerson): ReactNode {
  if (relation === 'SELF' || edges.length === 0) return null;
  return (
    <>
      in common:{' '}
      {edges.map(({ node }, at) => (
        <Fragment key={node.id}>
          {at > 0 ? ', ' : null}
          <bdi>{node.nickname}</bdi>
        </Fragment>
      ))}
      {pageInfo.hasNextPage ? ' and more' : null}
    </>
  );
}

function PeopleYouMayKnow() {
  const asked = useQuery({ queryKey: ['suggestions'], queryFn: () => ask(Suggestions) });
  const suggestions = asked.data?.me?.suggestedFriends;
  if (suggestions?.length === 0) {
    return (
      <EmptyState icon={<PersonIcon />} title="Nobody to suggest yet">
        Friends of your friends appear here. Search for somebody you know to begin with.
      </EmptyState>
    );
  }
  if (!suggestions) return <AnswerDue asked={asked} what="People you may know" whileAsked={<RowsAreComing />} />;
  return (
    <section aria-labelledby="suggestions">
      <Heading as="h2" size="3" mb="3" id="suggestions">
        People you may know
      </Heading>
      <ul className="rows" aria-label="People you may know">
        {suggestions.map(({ user, mutualFriendCount }) => (
          <PersonRow
            key={user.id}
            person={user}
            detail={`${mutualFriendCount} ${mutualFriendCount === 1 ? 'friend' : 'friends'} in common`}
          />
        ))}
      </ul>
    </section>
  );
}

const FRIENDS_SHOWN = 20;

/** Without a network only the viewer's own list can be searched. */
function FriendsFound({ friends, text }: { friends: readonly Friend[]; text: string }) {
  const found = filterFriends(friends, { text, tag: null, order: 'NAME' }).slice(0, FRIENDS_SHOWN);
  if (found.length === 0) return null;
  return (
    <ul className="rows" aria-label="Friends of yours with such a name">
      {found.map(({ user, displayName }) => (
        <li key={user.id}>
          <PersonAvatar person={user} />
          <div className="row-words">
            <PersonLink person={{ id: user.id, nickname: displayName }} />
          </div>
        </li>
      ))}
    </ul>
  );
}

function RowsAreComing() {
  return (
    <div aria-busy="true">
      {[1, 2, 3].map((row) => (
        <Skeleton key={row} height="62px" mb="2" />
      ))}
    </div>
  );
}

/** The value once it has stayed the same for a while. */
function useSettled(value: string, forMs: number): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), value === '' ? 0 : forMs);
    return () => clearTimeout(timer);
  }, [value, forMs]);
  return settled;
}
