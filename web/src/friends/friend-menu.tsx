import type { Friend } from '@kith/client';
import { DropdownMenu } from '@radix-ui/themes';
import type { ReactNode } from 'react';
import { useLocation } from 'wouter';
import { holdBack } from '../undo/hold-back.tsx';

export default function FriendMenu({
  friend: { user, displayName, since },
  trigger,
  onEdit,
}: {
  friend: Friend;
  trigger: ReactNode;
  onEdit(what: 'remark' | 'tags'): void;
}) {
  const [, navigate] = useLocation();
  const person = { id: user.id, name: displayName };
  return (
    <DropdownMenu.Root defaultOpen>
      <DropdownMenu.Trigger>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Content align="end">
        <DropdownMenu.Item onSelect={() => onEdit('remark')}>Change the name</DropdownMenu.Item>
        <DropdownMenu.Item onSelect={() => onEdit('tags')}>Edit tags</DropdownMenu.Item>
        <DropdownMenu.Item onSelect={() => navigate(`/people/${user.id}`)}>Show profile</DropdownMenu.Item>
        <DropdownMenu.Separator />
        <DropdownMenu.Item color="red" onSelect={() => holdBack({ kind: 'remove', person, since })}>
          Remove
        </DropdownMenu.Item>
        <DropdownMenu.Item color="red" onSelect={() => holdBack({ kind: 'block', person })}>
          Block
        </DropdownMenu.Item>
      </DropdownMenu.Content>
    </DropdownMenu.Root>
  );
}
