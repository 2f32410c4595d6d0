import { Button, Text } from '@radix-ui/themes';
import type { Relation } from '../generated/graphql.ts';
import { PersonAvatar } from '../person/person-avatar.tsx';
import { holdBack } from '../undo/hold-back.tsx';
import { useHeldBack } from '../undo/use-held-back.ts';
import { RelationActions } from './relation-actions.tsx';
import { useRelation } from './use-relation.ts';

/** Who it is, what they are to the viewer, and what can be done about it. */
export function ProfileCard({
  person,
  createdAt,
  since,
}: {
  person: {
    readonly id: string;
    readonly nickname: string;
    readonly avatarUrl?: string | null;
    readonly relation: Relation;
  };
  /** undefined while only the list is known. */
  createdAt: string | undefined;
  /** When the friendship began, where there is one. */
  since: string | undefined;
}) {
  const relation = useRelation(person.id, person.relation);
  const held = useHeldBack(person.id);
  const about = { id: person.id, name: person.nickname };
  return (
    <section className="screen-section" aria-label="Profile">
      <div className="profile">
        <PersonAvatar person={person} size={64} />
        <div className="row-words">
          <div>
            <RelationActions person={person} />
          </div>
          {createdAt ? (
            <Text size="2" color="gray">
              On Kith since {dates.format(new Date(createdAt))}
            </Text>
          ) : null}
        </div>
        {held || relation === 'SELF' || relation === 'BLOCKED' ? null : (
          <div className="profile-actions">
            {relation === 'FRIEND' && since ? (
              <Button variant="soft" color="gray" onClick={() => holdBack({ kind: 'remove', person: about, since })}>
                Remove
              </Button>
            ) : null}
            <Button variant="soft" color="red" onClick={() => holdBack({ kind: 'block', person: about })}>
              Block
            </Button>
          </div>
        )}
      </div>
    </section>
  );
}

const dates = new Intl.DateTimeFormat(undefined, { dateStyle: 'long' });
