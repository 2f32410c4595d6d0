import { ArrowLeftIcon, PersonIcon } from '@radix-ui/react-icons';
import { Button, Flex, Heading, Spinner, Text } from '@radix-ui/themes';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { ask } from '../connection/ask.ts';
import ConfirmParting, { type Parting } from '../friends/confirm-parting.tsx';
import type { PersonCardFragment } from '../generated/graphql.ts';
import { Screen } from '../layout/screen.tsx';
import { PersonAvatar } from '../person/person-avatar.tsx';
import { EmptyState } from '../problems/empty-state.tsx';
import { ProblemCallout } from '../problems/problem-callout.tsx';
import { PersonProfile } from './people-operations.ts';
import { RelationActions } from './relation-actions.tsx';
import { useRelation } from './use-relation.ts';
import './person-screen.css';

export default function PersonScreen({ userId }: { userId: string }) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ['person', userId],
    queryFn: ({ pageParam }) => ask(PersonProfile, { userId, after: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ user }) =>
      user?.mutualFriends.pageInfo.hasNextPage ? user.mutualFriends.pageInfo.endCursor : null,
  });
  const person = data?.pages[0]?.user;
  const mutual = data?.pages.flatMap(({ user }) => user?.mutualFriends.edges.map(({ node }) => node) ?? []) ?? [];
  return (
    <Screen
      title={person ? <bdi>{person.nickname}</bdi> : data ? 'Nobody' : ' '}
      lead={person ? `@${person.username}` : undefined}
      before={<Back />}
    >
      {error ? <ProblemCallout error={error} onRetry={() => void refetch()} /> : null}
      {!data && !error ? (
        <Flex justify="center" py="9">
          <Spinner size="3" />
        </Flex>
      ) : null}
      {data && !person ? (
        <EmptyState icon={<PersonIcon />} title="This person is not here">
          The account was deleted, or never existed.
        </EmptyState>
      ) : null}
      {person ? (
        <>
          <ProfileCard person={person} createdAt={person.createdAt} />
          {person.relation === 'SELF' ? null : (
            <section className="mutual" aria-labelledby="mutual">
              <Heading as="h2" size="3" mb="3" id="mutual">
                Friends in common
              </Heading>
              {mutual.length === 0 ? (
                <Text size="2" color="gray">
                  You know nobody in common.
                </Text>
              ) : (
                <ul className="mutual-people" aria-label="Friends in common">
                  {mutual.map((friend) => (
                    <li key={friend.id}>
                      <Link href={`/people/${friend.id}`} className="mutual-person">
                        <PersonAvatar person={friend} size={28} />
                        <Text size="2">
                          <bdi>{friend.nickname}</bdi>
                        </Text>
                      </Link>
                    </li>
                  ))}
                </ul>
              )}
              {hasNextPage ? (
                <Button mt="3" variant="soft" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
                  Show more
                </Button>
              ) : null}
            </section>
          )}
        </>
      ) : null}
    </Screen>
  );
}

function ProfileCard({ person, createdAt }: { person: PersonCardFragment; createdAt: string }) {
  const relation = useRelation(person.id, person.relation);
  const [parting, setParting] = useState<Parting | null>(null);
  const about = { id: person.id, name: person.nickname };
  return (
    <section className="screen-section" aria-label="Profile">
      <Flex align="center" gap="4" wrap="wrap">
        <PersonAvatar person={person} size={64} />
        <div className="row-words">
          <Text size="2" color="gray">
            On Kith since {dates.format(new Date(createdAt))}
          </Text>
          <Flex pt="1">
            <RelationActions person={person} />
          </Flex>
        </div>
        <Flex gap="2">
          {relation === 'FRIEND' ? (
            <Button variant="soft" color="gray" onClick={() => setParting({ kind: 'remove', person: about })}>
              Remove
            </Button>
          ) : null}
          {relation === 'SELF' || relation === 'BLOCKED' ? null : (
            <Button variant="soft" color="red" onClick={() => setParting({ kind: 'block', person: about })}>
              Block
            </Button>
          )}
        </Flex>
      </Flex>
      {parting ? <ConfirmParting parting={parting} onClose={() => setParting(null)} /> : null}
    </section>
  );
}

function Back() {
  return (
    <Button mb="3" variant="ghost" color="gray" onClick={() => history.back()}>
      <ArrowLeftIcon aria-hidden /> Back
    </Button>
  );
}

const dates = new Intl.DateTimeFormat(undefined, { dateStyle: 'long' });
