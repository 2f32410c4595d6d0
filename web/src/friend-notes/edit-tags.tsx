import type { Friend } from '@kith/client';
import { Cross2Icon } from '@radix-ui/react-icons';
import { Button, Dialog, Flex, Text, TextField } from '@radix-ui/themes';
import { useState } from 'react';

const MOST_TAGS = 10;

export default function EditTags({
  friend,
  onSave,
  onClose,
}: {
  friend: Friend;
  onSave(tags: readonly string[]): void;
  onClose(): void;
}) {
  const [tags, setTags] = useState(friend.tags);
  const [text, setText] = useState('');
  const isFull = tags.length >= MOST_TAGS;

  function withTyped(): readonly string[] {
    const typed = text.trim().normalize('NFC');
    return typed === '' || tags.includes(typed) || isFull ? tags : [...tags, typed];
  }
  return (
    <Dialog.Root open onOpenChange={onClose}>
      <Dialog.Content maxWidth="420px">
        <Dialog.Title>
          Tags of <bdi>{friend.displayName}</bdi>
        </Dialog.Title>
        <Dialog.Description size="2" color="gray" mb="4">
          Yours alone: nobody else sees them.
        </Dialog.Description>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            const next = withTyped();
            if (text.trim() !== '' && next !== tags) {
              setTags(next);
              setText('');
              return;
            }
            onSave(next);
            onClose();
          }}
        >
          {tags.length > 0 ? (
            <ul className="tag-list" aria-label="Tags">
              {tags.map((tag) => (
                <li key={tag} className="tag">
                  <bdi>{tag}</bdi>
                  <button
                    type="button"
                    aria-label={`Remove the tag ${tag}`}
                    onClick={() => setTags(tags.filter((other) => other !== tag))}
                  >
                    <Cross2Icon width={11} height={11} />
                  </button>
                </li>
              ))}
            </ul>
          ) : null}
          <TextField.Root
            size="3"
            aria-label="New tag"
            placeholder={isFull ? 'Ten are the most' : 'A tag, then Enter'}
            disabled={isFull}
            maxLength={32}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
          <Text as="p" size="1" color="gray" mt="1">
            Up to {MOST_TAGS} tags of 32 characters.
          </Text>
          <Flex gap="3" justify="end" mt="4">
            <Dialog.Close>
              <Button type="button" variant="soft" color="gray">
                Cancel
              </Button>
            </Dialog.Close>
            <Button
              type="button"
              onClick={() => {
                onSave(withTyped());
                onClose();
              }}
            >
              Save
            </Button>
          </Flex>
        </form>
      </Dialog.Content>
    </Dialog.Root>
  );
}
