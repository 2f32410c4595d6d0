import { Text } from '@radix-ui/themes';
import { Link } from 'wouter';

/** The name, as the head of a row; it leads to who it is. */
export function PersonLink({ person }: { person: { id: string; nickname: string } }) {
  return (
    <Text size="3" weight="medium">
      <Link href={`/people/${person.id}`} className="person-link">
        <bdi>{person.nickname}</bdi>
      </Link>
    </Text>
  );
}
