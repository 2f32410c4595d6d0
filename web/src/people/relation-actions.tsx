import { CheckIcon, PaperPlaneIcon } from '@radix-ui/react-icons';
import { Badge, Button, Flex, Popover, Text, TextArea } from '@radix-ui/themes';
import { useState } from 'react';
import { Link } from 'wouter';
import { UnblockButton } from '../blocked/unblock-button.tsx';
import { ask } from '../connection/ask.ts';
import type { Relation } from '../generated/graphql.ts';
import { announce, announceProblem } from '../problems/announce.ts';
import { sayWhatIsWrong } from '../sign-in/say-what-is-wrong.ts';
import { UndoButton } from '../undo/undo-button.tsx';
import { useHeldBack } from '../undo/use-held-back.ts';
import { AddFriend } from './people-operations.ts';
import { useRelation } from './use-relation.ts';

const MESSAGE = { name: 'message', type: 'text', required: false, maxLength: 200 };

interface Known {
  readonly id: string;
  readonly nickname: string;
  /** As it was answered last. */
  readonly relation: Relation;
}

/** What the two are to each other, and the next step there is. */
export function RelationActions({ person }: { person: Known }) {
  const relation = useRelation(person.id, person.relation);
  const held = useHeldBack(person.id);
  if (held) return <UndoButton held={held} />;
  switch (relation) {
    case 'SELF':
      return <Badge color="gray">You</Badge>;
    case 'FRIEND':
      return (
        <Badge color="green">
          <CheckIcon aria-hidden /> Friend
        </Badge>
      );
    case 'REQUEST_SENT':
      return (
        <Badge color="iris">
          <PaperPlaneIcon aria-hidden /> Request sent
        </Badge>
      );
    case 'REQUEST_RECEIVED':
      return (
        <Button asChild variant="solid">
          <Link href="/requests">Answer request</Link>
        </Button>
      );
    case 'BLOCKED':
      return <UnblockButton userId={person.id} name={person.nickname} />;
    case 'NONE':
      return <AddFriendButton person={person} />;
    default: {
      const unhandled: never = relation;
      return unhandled;
    }
  }
}

function AddFriendButton({ person }: { person: Known }) {
  const [open, setOpen] = useState(false);
  const [sending, setSending] = useState(false);
  const [message, setMessage] = useState('');
  const [error, setError] = useState<string>();

  async function send(): Promise<void> {
    const wrong = sayWhatIsWrong(message, MESSAGE);
    setError(wrong);
    if (wrong) return;
    setSending(true);
    try {
      const { addFriend } = await ask(AddFriend, { userId: person.id, message: message.trim() || null });
      const name = <bdi>{person.nickname}</bdi>;
      const title = addFriend.friend ? <>{name} is your friend now</> : <>Request sent to {name}</>;
      announce({ kind: 'asked', title });
      setOpen(false);
    } catch (error) {
      announceProblem(error);
    } finally {
      setSending(false);
    }
  }
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger>
        <Button variant="soft" aria-label={`Add ${person.nickname}`}>
          Add
        </Button>
      </Popover.Trigger>
      <Popover.Content width="320px" aria-label={`Ask ${person.nickname}`} align="end">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void send();
          }}
        >
          <Flex direction="column" gap="3">
            <Text as="label" size="2" weight="medium" htmlFor="request-message">
              Message to <bdi>{person.nickname}</bdi> (optional)
            </Text>
            <TextArea
              id="request-message"
              rows={3}
              aria-invalid={error ? true : undefined}
              aria-describedby={error ? 'request-message-error' : undefined}
              {...(error && { color: 'red' as const, variant: 'soft' as const })}
              value={message}
              onChange={(event) => {
                setMessage(event.target.value);
                setError(undefined);
              }}
              placeholder="We met at the club …"
            />
            {error ? (
              <Text size="1" color="red" id="request-message-error">
                {error}
              </Text>
            ) : null}
            <Button type="submit" loading={sending}>
              <PaperPlaneIcon aria-hidden /> Send request
            </Button>
          </Flex>
        </form>
      </Popover.Content>
    </Popover.Root>
  );
}
