import type { Friend } from '@kith/client';
import { Button, Flex, Heading, Switch, Text } from '@radix-ui/themes';
import { useState } from 'react';
import { loadLater } from '../layout/load-later.tsx';
import { EditRemark } from './edit-remark.tsx';
import { updateFriend } from './update-friend.ts';
import './friend-details.css';
import './tags.css';

const EditTags = loadLater(
  () => import('./edit-tags.tsx'),
  () => null,
);

const dates = new Intl.DateTimeFormat(undefined, { dateStyle: 'long' });

/** What the viewer keeps about a friend, with the means to change it. */
export function FriendDetails({ friend }: { friend: Friend }) {
  const [editing, setEditing] = useState<'remark' | 'tags' | null>(null);
  const { user, remark, tags, pinned, since, displayName } = friend;
  return (
    <section className="screen-section friend-details" aria-labelledby="friend-details">
      <div className="row-words">
        <Heading as="h2" size="4" id="friend-details">
          Only for you
        </Heading>
        <Text size="2" color="gray">
          Friends since {dates.format(new Date(since))}. Nobody else sees what you note here.
        </Text>
      </div>
      <dl className="friend-facts">
        <dt>Your name for them</dt>
        <dd>
          {editing === 'remark' ? (
            <EditRemark
              friend={friend}
              onDone={(next) => {
                setEditing(null);
                if (next !== undefined && next !== (remark ?? '')) updateFriend(user.id, { remark: next || null });
              }}
            />
          ) : (
            <Flex align="center" gap="3" wrap="wrap">
              {remark ? <bdi>{remark}</bdi> : null}
              <Button size="1" variant="soft" onClick={() => setEditing('remark')}>
                {remark ? 'Change the name' : 'Give them a name'}
              </Button>
            </Flex>
          )}
        </dd>
        <dt>Tags</dt>
        <dd>
          <Flex align="center" gap="2" wrap="wrap">
            {tags.map((tag) => (
              <span className="tag" key={tag}>
                <bdi>{tag}</bdi>
              </span>
            ))}
            <Button size="1" variant="soft" onClick={() => setEditing('tags')}>
              {tags.length === 0 ? 'Add tags' : 'Edit tags'}
            </Button>
          </Flex>
        </dd>
        <dt>At the top of your list</dt>
        <dd>
          <Switch
            aria-label={`Pin ${displayName}`}
            checked={pinned}
            onCheckedChange={(next) => updateFriend(user.id, { pinned: next })}
          />
        </dd>
      </dl>
      {editing === 'tags' ? (
        <EditTags
          friend={friend}
          onSave={(next) => updateFriend(user.id, { tags: next })}
          onClose={() => setEditing(null)}
        />
      ) : null}
    </section>
  );
}
