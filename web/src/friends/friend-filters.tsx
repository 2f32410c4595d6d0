import { Cross2Icon, MagnifyingGlassIcon } from '@radix-ui/react-icons';
import { Flex, IconButton, SegmentedControl, TextField } from '@radix-ui/themes';
import { useEffect, useRef } from 'react';
import type { Wanted } from './filter-friends.ts';

const SHOWN_TAGS = 12;

export function FriendFilters({
  wanted,
  onChange,
  tags,
}: {
  wanted: Wanted;
  onChange(wanted: Wanted): void;
  tags: readonly { tag: string; count: number }[];
}) {
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => {
    function focusSearch(event: KeyboardEvent): void {
      const typing = event.target instanceof Element && event.target.closest('input, textarea, [contenteditable]');
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      search.current?.focus();
    }
    document.addEventListener('keydown', focusSearch);
    return () => document.removeEventListener('keydown', focusSearch);
  }, []);
  const shownTags = tags.slice(0, SHOWN_TAGS);
  return (
    <div className="friend-filters">
      <Flex gap="3" wrap="wrap">
        <TextField.Root
          ref={search}
          size="3"
          type="search"
          className="friend-search"
          placeholder="Search"
          aria-label="Search your friends"
          aria-keyshortcuts="/"
          value={wanted.text}
          onChange={(event) => onChange({ ...wanted, text: event.target.value })}
          onKeyDown={(event) => event.key === 'Escape' && onChange({ ...wanted, text: '' })}
        >
          <TextField.Slot>
            <MagnifyingGlassIcon aria-hidden />
          </TextField.Slot>
          {wanted.text ? (
            <TextField.Slot>
              <IconButton
                size="1"
                variant="ghost"
                color="gray"
                aria-label="Clear the search"
                onClick={() => onChange({ ...wanted, text: '' })}
              >
                <Cross2Icon />
              </IconButton>
            </TextField.Slot>
          ) : null}
        </TextField.Root>
        <SegmentedControl.Root
          size="3"
          aria-label="Order"
          value={wanted.order}
          onValueChange={(order) => onChange({ ...wanted, order: order as Wanted['order'] })}
        >
          <SegmentedControl.Item value="NAME">Name</SegmentedControl.Item>
          <SegmentedControl.Item value="NEWEST">Newest</SegmentedControl.Item>
        </SegmentedControl.Root>
      </Flex>
      {shownTags.length > 0 ? (
        <fieldset className="tag-filter">
          <legend className="only-heard">Only friends with a tag</legend>
          {shownTags.map(({ tag, count }) => (
            <button
              key={tag}
              type="button"
              className="tag tag-button"
              aria-pressed={wanted.tag === tag}
              onClick={() => onChange({ ...wanted, tag: wanted.tag === tag ? null : tag })}
            >
              <bdi>{tag}</bdi> <span className="tag-count">{count}</span>
            </button>
          ))}
        </fieldset>
      ) : null}
    </div>
  );
}
