import { AlertDialog, Button, Flex } from '@radix-ui/themes';
import { useState } from 'react';
import { ask } from '../connection/ask.ts';
import { queryClient } from '../connection/query-client.ts';
import { announce, announceProblem } from '../problems/announce.ts';
import { BlockUser, RemoveFriend } from './parting-operations.ts';

export interface Parting {
  readonly kind: 'remove' | 'block';
  readonly person: { readonly id: string; readonly name: string };
}

/** Asks before a friendship ends. */
export default function ConfirmParting({ parting, onClose }: { parting: Parting; onClose(): void }) {
  const [sending, setSending] = useState(false);

  async function part({ kind, person }: Parting): Promise<void> {
    setSending(true);
    try {
      if (kind === 'block') await ask(BlockUser, { userId: person.id });
      else await ask(RemoveFriend, { userId: person.id });
      const name = <bdi>{person.name}</bdi>;
      announce(kind === 'block' ? <>{name} is blocked</> : <>{name} is not on your list any more</>);
      await Promise.all(
        ['blocked', 'person', 'people', 'suggestions'].map((key) => queryClient.invalidateQueries({ queryKey: [key] })),
      );
    } catch (error) {
      announceProblem(error);
    } finally {
      setSending(false);
      onClose();
    }
  }

  return (
    <AlertDialog.Root open onOpenChange={(open) => !open && onClose()}>
      <AlertDialog.Content maxWidth="420px">
        <AlertDialog.Title>
          {parting.kind === 'block' ? 'Block' : 'Remove'} <bdi>{parting.person.name}</bdi>?
        </AlertDialog.Title>
        <AlertDialog.Description size="2">
          {parting.kind === 'block'
            ? 'You are friends no longer, and they cannot ask again. They are not told that you blocked them.'
            : 'You disappear from each other’s list. Either of you can ask again.'}
        </AlertDialog.Description>
        <Flex gap="3" justify="end" mt="5">
          <AlertDialog.Cancel>
            <Button variant="soft" color="gray">
              Cancel
            </Button>
          </AlertDialog.Cancel>
          <Button color="red" loading={sending} onClick={() => void part(parting)}>
            {parting.kind === 'block' ? 'Block' : 'Remove'}
          </Button>
        </Flex>
      </AlertDialog.Content>
    </AlertDialog.Root>
  );
}
