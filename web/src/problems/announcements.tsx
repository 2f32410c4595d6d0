import { Cross2Icon } from '@radix-ui/react-icons';
import { IconButton, Text } from '@radix-ui/themes';
import { Toast } from 'radix-ui';
import { useSyncExternalStore } from 'react';
import { type Announcement, announcementStore } from './announce.ts';
import './announcements.css';

/** What has just been said, at the page's edge, for six seconds. */
export default function Announcements() {
  const shown = useSyncExternalStore(announcementStore.subscribe, announcementStore.getSnapshot);
  return (
    <Toast.Provider duration={6_000} swipeDirection="right">
      {shown.map((announcement) => (
        <OneAnnouncement key={announcement.id} {...announcement} />
      ))}
      <Toast.Viewport className="announcements" />
    </Toast.Provider>
  );
}

function OneAnnouncement({ id, title, text, isProblem = false, stays = false }: Announcement) {
  return (
    <Toast.Root
      className="announcement"
      data-problem={isProblem}
      type={isProblem || stays ? 'foreground' : 'background'}
      {...(stays && { duration: Number.POSITIVE_INFINITY })}
      onOpenChange={() => announcementStore.close(id)}
    >
      <div className="announcement-words">
        <Toast.Title asChild>
          <Text as="div" size="2" weight="medium">
            {title}
          </Text>
        </Toast.Title>
        {text ? (
          <Toast.Description asChild>
            <Text as="div" size="2" color="gray">
              {text}
            </Text>
          </Toast.Description>
        ) : null}
      </div>
      <Toast.Close asChild>
        <IconButton size="1" variant="ghost" color="gray" aria-label="Close">
          <Cross2Icon />
        </IconButton>
      </Toast.Close>
    </Toast.Root>
  );
}
