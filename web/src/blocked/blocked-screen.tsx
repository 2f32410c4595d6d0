import { CircleBackslashIcon } from '@radix-ui/react-icons';
import { Button, Flex, Text } from '@radix-ui/themes';
import { useInfiniteQuery } from '@tanstack/react-query';
import { ask } from '../connection/ask.ts';
import { Screen } from '../layout/screen.tsx';
import { PersonAvatar } from '../person/person-avatar.tsx';
import { AnswerDue } from '../problems/answer-due.tsx';
import { EmptyState } from '../problems/empty-state.tsx';
import { BlockedUsers } from './blocked-operations.ts';
import { UnblockButton } from './unblock-button.tsx';

export default function BlockedScreen() {
  const blocked = useInfiniteQuery({
    queryKey: ['blocked'],
    queryFn: ({ pageParam }) => ask(BlockedUsers, { after: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ me }) => (me?.blockedUsers.pageInfo.hasNextPage ? me.blockedUsers.pageInfo.endCursor : null),
  });
  const people = blocked.data?.pages.flatMap(({ me }) => me?.blockedUsers.edges.map(({ node }) => node) ?? []);
  return (
    <Screen title="Blocked" lead="They cannot ask to be your friend, and are not told why.">
      <AnswerDue asked={blocked} what="Whom you have blocked" />
      {people?.length === 0 ? (
        <EmptyState icon={<CircleBackslashIcon />} title="Nobody is blocked">
          To block somebody, open the menu beside their name, or their profile.
        </EmptyState>
      ) : null}
      {people && people.length > 0 ? (
        <ul className="rows" aria-label="Blocked people">
          {people.map((person) => (
            <li key={person.id}>
              <PersonAvatar person={person} />
              <div className="row-words">
                <Text size="3" weight="medium">
                  <bdi>{person.nickname}</bdi>
                </Text>
                <Text size="2" color="gray">
                  @{person.username}
                </Text>
              </div>
              <UnblockButton userId={person.id} name={person.nickname} />
            </li>
          ))}
        </ul>
      ) : null}
      {blocked.hasNextPage ? (
        <Flex justify="center" mt="4">
          <Button variant="soft" loading={blocked.isFetchingNextPage} onClick={() => void blocked.fetchNextPage()}>
            Show more
          </Button>
        </Flex>
      ) : null}
    </Screen>
  );
}
