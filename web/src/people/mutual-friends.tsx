import { Button, Heading, Text } from '@radix-ui/themes';
import { Link } from 'wouter';
import { PersonAvatar } from '../person/person-avatar.tsx';

interface Mutual {
  readonly id: string;
  readonly nickname: string;
  readonly avatarUrl?: string | null;
}

export function MutualFriends({
  people,
  onMore,
  isLoadingMore,
}: {
  people: readonly Mutual[];
  /** undefined when all are there. */
  onMore: (() => void) | undefined;
  isLoadingMore: boolean;
}) {
  return (
    <section className="mutual" aria-labelledby="mutual">
      <Heading as="h2" size="3" mb="3" id="mutual">
        Friends in common
      </Heading>
      {people.length === 0 ? (
        <Text size="2" color="gray">
          You have no friends in common.
        </Text>
      ) : (
        <ul className="mutual-people" aria-label="Friends in common">
          {people.map((friend) => (
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
      {onMore ? (
        <Button mt="3" variant="soft" loading={isLoadingMore} onClick={onMore}>
          Show more
        </Button>
      ) : null}
    </section>
  );
}
