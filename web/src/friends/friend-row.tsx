import type { Friend, FriendEdit } from '@kith/client';
import { BookmarkFilledIcon, BookmarkIcon, DotsHorizontalIcon } from '@radix-ui/react-icons';
import { IconButton } from '@radix-ui/themes';
import { type ComponentProps, memo, useState } from 'react';
import { kith } from '../connection/kith.ts';
import { loadLater } from '../layout/load-later.tsx';
import { PersonAvatar } from '../person/person-avatar.tsx';
import { announceProblem } from '../problems/announce.ts';
import type { Parting } from './confirm-parting.tsx';
import { EditRemark } from './edit-remark.tsx';

const EditTags = loadLater(
  () => import('./edit-tags.tsx'),
  () => null,
);
const FriendMenu = loadLater(
  () => import('./friend-menu.tsx'),
  ({ trigger }) => trigger,
);

/** Shown at once; what the server refuses is taken back, and said. */
function update(userId: string, edit: FriendEdit): void {
  kith.friends.update(userId, edit).catch(announceProblem);
}

export const FriendRow = memo(function FriendRow({
  friend,
  isFresh,
  onPart,
}: {
  friend: Friend;
  isFresh: boolean;
  onPart(parting: Parting): void;
}) {
  const [editing, setEditing] = useState<'remark' | 'tags' | null>(null);
  const { user, displayName, remark, pinned, tags } = friend;
  return (
    <div className="friend-row" data-pinned={pinned} data-fresh={isFresh}>
      <PersonAvatar person={user} />
      <div className="friend-words">
        {editing === 'remark' ? (
          <EditRemark
            friend={friend}
            onDone={(next) => {
              setEditing(null);
              if (next !== undefined && next !== (remark ?? '')) update(user.id, { remark: next || null });
            }}
          />
        ) : (
          <>
            <div className="friend-name">
              <button
                type="button"
                className="friend-name-button"
                title="Give them a name of your own"
                aria-label={`${displayName}: change the name you gave`}
                onClick={() => setEditing('remark')}
              >
                <bdi>{displayName}</bdi>
              </button>
            </div>
            <div className="friend-more">
              {remark ? (
                <span className="friend-nickname">
                  <bdi>{user.nickname}</bdi>
                </span>
              ) : null}
              {tags.map((tag) => (
                <span className="tag" key={tag}>
                  <bdi>{tag}</bdi>
                </span>
              ))}
              {!remark && tags.length === 0 ? (
                <span className="friend-nickname">since {sinceOf(friend.since)}</span>
              ) : null}
            </div>
          </>
        )}
      </div>
      <IconButton
        variant="ghost"
        color={pinned ? 'iris' : 'gray'}
        size="2"
        className="friend-pin"
        aria-label={`Pin ${displayName}`}
        aria-pressed={pinned}
        onClick={() => update(user.id, { pinned: !pinned })}
      >
        {pinned ? <BookmarkFilledIcon /> : <BookmarkIcon />}
      </IconButton>
      <MoreButton friend={friend} onEdit={setEditing} onPart={onPart} />
      {editing === 'tags' ? (
        <EditTags friend={friend} onSave={(next) => update(user.id, { tags: next })} onClose={() => setEditing(null)} />
      ) : null}
    </div>
  );
});

/** A menu for each of the rows that fly by would be made for nothing: the first touch makes it. */
function MoreButton(props: Omit<ComponentProps<typeof FriendMenu>, 'trigger'>) {
  const [wanted, setWanted] = useState(false);
  const button = (
    <IconButton
      variant="ghost"
      color="gray"
      size="2"
      aria-label={`More about ${props.friend.displayName}`}
      aria-haspopup="menu"
      {...(!wanted && { onClick: () => setWanted(true) })}
    >
      <DotsHorizontalIcon />
    </IconButton>
  );
  return wanted ? <FriendMenu {...props} trigger={button} /> : button;
}

const dates = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const sinceOf = (since: string) => dates.format(new Date(since));
