import type { Friend } from '@kith/client';
import { TextField } from '@radix-ui/themes';
import { useRef } from 'react';

/**
 * The name the viewer gives a friend, edited where it stands: Enter or leaving keeps it, Escape does not.
 *
 * @param onDone with the text as typed, or undefined when nothing is to change
 */
export function EditRemark({ friend, onDone }: { friend: Friend; onDone(remark: string | undefined): void }) {
  const done = useRef(false);
  function finish(remark: string | undefined): void {
    // Enter takes the input away, which it hears as being left.
    if (done.current) return;
    done.current = true;
    onDone(remark);
  }
  return (
    <TextField.Root
      autoFocus
      size="2"
      maxLength={64}
      aria-label={`Your name for ${friend.user.nickname}`}
      placeholder={friend.user.nickname}
      defaultValue={friend.remark ?? ''}
      onFocus={(event) => event.target.select()}
      onBlur={(event) => finish(event.target.value.trim())}
      onKeyDown={(event) => {
        if (event.key === 'Enter') finish(event.currentTarget.value.trim());
        if (event.key === 'Escape') finish(undefined);
      }}
    />
  );
}
