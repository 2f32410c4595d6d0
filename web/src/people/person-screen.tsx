import { ArrowLeftIcon, PersonIcon } from '@radix-ui/react-icons';
import { Button } from '@radix-ui/themes';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { ask } from '../connection/ask.ts';
import { useLive } from '../connection/use-live-list.ts';
import { FriendDetails } from '../friend-notes/friend-details.tsx';
import { Screen } from '../layout/screen.tsx';
import { AnswerDue } from '../problems/answer-due.tsx';
import { EmptyState } from '../problems/empty-state.tsx';
import { MutualFriends } from './mutual-friends.tsx';
import { PersonProfile } from './people-operations.ts';
import { ProfileCard } from './profile-card.tsx';
import './person-screen.css';

const IS_ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** Somebody's profile, by the id in the address; it may be a link that was cut short, or that never led anywhere. */
export default function PersonScreen({ userId: written }: { userId: string }) {
  const userId = written.toLowerCase();
  return IS_ID.test(userId) ? <Profile userId={userId} /> : <NobodyThere title="This link does not work" />;
}

function Profile({ userId }: { userId: string }) {
  const asked = useInfiniteQuery({
    queryKey: ['person', userId],
    queryFn: ({ pageParam }) => ask(PersonProfile, { userId, after: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ user }) =>
      user?.mutualFriends.pageInfo.hasNextPage ? user.mutualFriends.pageInfo.endCursor : null,
  });
  // A friend is known before any answer, and without one.
  const friend = useLive((list) => list.friends.find(({ user }) => user.id === userId));
  const answered = asked.data?.pages[0]?.user;
  if (asked.data && !answered) return <NobodyThere title="This person is not here" />;
  const known = answered ?? friend?.user;
  const person = answered ?? (friend && { ...friend.user, relation: 'FRIEND' as const });
  return (
    <Screen
      title={known ? <bdi>{friend?.displayName ?? known.nickname}</bdi> : ' '}
      lead={
        <>
          {friend?.remark ? (
            <>
              <bdi>{friend.user.nickname}</bdi>{' '}
            </>
          ) : null}
          {answered ? `@${answered.username}` : null}
        </>
      }
      before={<Back />}
    >
      {person ? <ProfileCard person={person} createdAt={answered?.createdAt} since={friend?.since} /> : null}
      {friend ? <FriendDetails friend={friend} /> : null}
      <AnswerDue asked={asked} what={known ? 'The rest of this profile' : 'This profile'} />
      {answered && answered.relation !== 'SELF' ? (
        <MutualFriends
          people={
            asked.data?.pages.flatMap(({ user }) => user?.mutualFriends.edges.map(({ node }) => node) ?? []) ?? []
          }
          onMore={asked.hasNextPage ? () => void asked.fetchNextPage() : undefined}
          isLoadingMore={asked.isFetchingNextPage}
        />
      ) : null}
    </Screen>
  );
}

function NobodyThere({ title }: { title: string }) {
  return (
    <Screen title="Nobody" before={<Back />}>
      <EmptyState
        icon={<PersonIcon />}
        title={title}
        action={
          <Button asChild>
            <Link href="/people">Find people</Link>
          </Button>
        }
      >
        It leads to nobody: the account was deleted, or the link is not whole. Ask for the link again, or search for the
        name.
      </EmptyState>
    </Screen>
  );
}

function Back() {
  return (
    <Button mb="3" variant="ghost" color="gray" onClick={() => history.back()}>
      <ArrowLeftIcon aria-hidden /> Back
    </Button>
  );
}
