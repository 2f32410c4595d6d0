import { Text } from '@radix-ui/themes';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { PersonCardFragment } from '../generated/graphql.ts';
import { PersonAvatar } from '../person/person-avatar.tsx';
import { RelationActions } from './relation-actions.tsx';

export function PersonRow({ person, detail }: { person: PersonCardFragment; detail: ReactNode }) {
  return (
    <li>
      <PersonAvatar person={person} />
      <div className="row-words">
        <Text size="3" weight="medium">
          <Link href={`/people/${person.id}`} className="person-link">
            {person.nickname}
          </Link>
        </Text>
        <Text size="2" color="gray">
          @{person.username}
          {detail ? <> · {detail}</> : null}
        </Text>
      </div>
      <RelationActions person={person} />
    </li>
  );
}
