import { Text } from '@radix-ui/themes';
import type { ReactNode } from 'react';
import type { PersonCardFragment } from '../generated/graphql.ts';
import { PersonAvatar } from '../person/person-avatar.tsx';
import { PersonLink } from '../person/person-link.tsx';
import { RelationActions } from './relation-actions.tsx';

export function PersonRow({ person, detail }: { person: PersonCardFragment; detail: ReactNode }) {
  return (
    <li>
      <PersonAvatar person={person} />
      <div className="row-words">
        <PersonLink person={person} />
        <Text size="2" color="gray">
          @{person.username}
          {detail ? <> · {detail}</> : null}
        </Text>
      </div>
      <RelationActions person={person} />
    </li>
  );
}
