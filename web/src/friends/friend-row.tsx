import type { Friend } from '@kith/client';
import { BookmarkFilledIcon, BookmarkIcon, DotsHorizontalIcon } from '@radix-ui/react-icons';
import { IconButton } from '@radix-ui/themes';
import { type ComponentProps, memo, useState } from 'react';
import { loadLater } from '../layout/load-later.tsx';
import '../friend-notes/tags.css';
import { EditRemark } from '../friend-notes/edit-remark.tsx';
import { updateFriend } from '../friend-notes/update-friend.ts';
import { PersonAvatar } from '../person/person-avatar.tsx';

const EditTags = loadLater(
  () => import('../friend-notes/edit-tags.tsx'),
  () => null,
);
const FriendMenu = loadLater(
  () => import('./friend-menu.tsx'),
  ({ trigger }) => trigger,
);

export const FriendRow = memo(function FriendRow({
  friend,
  isFresh,
  since,
}: {
  friend: Friend;
  isFresh: boolean;
  /** The day to tell on this row; undefined where it says nothing new. */
  since: string | undefined;
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
              if (next !== undefined && next !== (remark ?? '')) updateFriend(user.id, { remark: next || null });
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
            {remark || since || tags.length > 0 ? (
              <div className="friend-more">
                {remark ? (
                  <span className="friend-nickname">
                    <bdi>{user.nickname}</bdi>
                  </span>
                ) : null}
                {since ? <span className="friend-nickname">friends since {since}</span> : null}
                {tags.map((tag) => (
                  <span className="tag" key={tag}>
                    <bdi>{tag}</bdi>
                  </span>
                ))}
              </div>
            ) : null}
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
        onClick={() => updateFriend(user.id, { pinned: !pinned })}
      >
        {pinned ? <BookmarkFilledIcon /> : <BookmarkIcon />}
      </IconButton>
      <MoreButton friend={friend} onEdit={setEditing} />
      {editing === 'tags' ? (
        <EditTags
          friend={friend}
          onSave={(next) => updateFriend(user.id, { tags: next })}
          onClose={() => setEditing(null)}
        />
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
