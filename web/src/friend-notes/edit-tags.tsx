import type { Friend } from '@kith/client';
import { Cross2Icon } from '@radix-ui/react-icons';
import { Button, Dialog, Flex, Text, TextField } from '@radix-ui/themes';
import { useState } from 'react';
import { sayWhatIsWrong } from '../sign-in/say-what-is-wrong.ts';

const MOST_TAGS = 10;
const TAG = { name: 'tag', type: 'text', required: false, maxLength: 32 };

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
  const [error, setError] = useState<string>();
  const isFull = tags.length >= MOST_TAGS;

  /** The tags with the one that is typed, or undefined when it cannot be one: then it is said why. */
  function withTyped(): readonly string[] | undefined {
    const typed = text.trim().normalize('NFC');
    if (typed === '') return tags;
    const wrong = tags.includes(typed) ? 'This tag is there already.' : sayWhatIsWrong(typed, TAG);
    setError(wrong);
    return wrong ? undefined : [...tags, typed];
  }
  function save(next: readonly string[] | undefined): void {
    if (!next) return;
    onSave(next);
    onClose();
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
            if (next === tags) save(tags);
            else if (next) {
              setTags(next);
              setText('');
            }
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
            aria-invalid={error ? true : undefined}
            aria-describedby="tags-hint"
            {...(error && { color: 'red' as const, variant: 'soft' as const })}
            value={text}
            onChange={(event) => {
              setText(event.target.value);
              setError(undefined);
            }}
          />
          <Text as="p" size="1" color={error ? 'red' : 'gray'} mt="1" id="tags-hint">
            {error ?? `Up to ${MOST_TAGS} tags of ${TAG.maxLength} characters.`}
          </Text>
          <Flex gap="3" justify="end" mt="4">
            <Dialog.Close>
              <Button type="button" variant="soft" color="gray">
                Cancel
              </Button>
            </Dialog.Close>
            <Button type="button" onClick={() => save(withTyped())}>
              Save
            </Button>
          </Flex>
        </form>
      </Dialog.Content>
    </Dialog.Root>
  );
}
