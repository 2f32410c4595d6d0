import { Dialog, Text } from '@radix-ui/themes';
import { Command } from 'cmdk';
import { useMemo, useState } from 'react';
import { useLocation } from 'wouter';
import { useLive } from '../connection/use-live-list.ts';
import { filterFriends } from '../friends/filter-friends.ts';
import { PersonAvatar } from '../person/person-avatar.tsx';
import { commandsOf } from './commands.ts';
import './palette.css';

const FRIENDS_SHOWN = 8;

/** What can be found or done from the keyboard (a command palette): screens, friends by name, and what the page can do. */
export default function Palette({ onClose, onDrawer, onUndo }: { onClose(): void; onDrawer(): void; onUndo(): void }) {
  const [, navigate] = useLocation();
  const [text, setText] = useState('');
  const friends = useLive((list) => list.friends);
  const commands = commandsOf({ navigate, onDrawer, onUndo }, text);
  const found = useMemo(
    () =>
      text.trim() === '' ? [] : filterFriends(friends, { text, tag: null, order: 'NAME' }).slice(0, FRIENDS_SHOWN),
    [friends, text],
  );
  function choose(act: () => void): void {
    onClose();
    act();
  }
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Content maxWidth="520px" size="1" className="palette" aria-describedby={undefined}>
        <Dialog.Title className="only-heard">Find or do something</Dialog.Title>
        <Command shouldFilter={false} loop label="Find or do something">
          <Command.Input
            className="palette-input"
            value={text}
            onValueChange={setText}
            placeholder="A friend, a screen, something to do …"
            autoFocus
          />
          <Command.List className="palette-list" label="What was found">
            <Command.Empty className="palette-empty">Nothing is called that.</Command.Empty>
            {found.length > 0 ? (
              <Command.Group heading="Friends">
                {found.map(({ user, displayName }) => (
                  <Command.Item
                    key={user.id}
                    value={user.id}
                    onSelect={() => choose(() => navigate(`/people/${user.id}`))}
                  >
                    <PersonAvatar person={user} size={24} />
                    <bdi>{displayName}</bdi>
                  </Command.Item>
                ))}
              </Command.Group>
            ) : null}
            {commands.length > 0 ? (
              <Command.Group heading="Go and do">
                {commands.map(({ name, keys, act }) => (
                  <Command.Item key={name} value={name} onSelect={() => choose(act)}>
                    <span className="palette-name">{name}</span>
                    {keys ? (
                      <Text size="1" color="gray">
                        {keys}
                      </Text>
                    ) : null}
                  </Command.Item>
                ))}
              </Command.Group>
            ) : null}
          </Command.List>
        </Command>
      </Dialog.Content>
    </Dialog.Root>
  );
}
