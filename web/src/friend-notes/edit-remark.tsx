import type { Friend } from '@kith/client';
import { Text, TextField } from '@radix-ui/themes';
import { useId, useRef, useState } from 'react';
import { sayWhatIsWrong } from '../sign-in/say-what-is-wrong.ts';

const REMARK = { name: 'remark', type: 'text', required: false, maxLength: 64 };

/**
 * The name the viewer gives a friend, edited where it stands: Enter or leaving keeps it, Escape does not. One that cannot
 * be kept stays where it is, with what is wrong below it.
 *
 * @param onDone with the text as typed, or undefined when nothing is to change
 */
export function EditRemark({ friend, onDone }: { friend: Friend; onDone(remark: string | undefined): void }) {
  const done = useRef(false);
  const [error, setError] = useState<string>();
  const errorId = useId();
  function finish(remark: string | undefined): void {
    // Enter takes the input away, which it hears as being left.
    if (done.current) return;
    done.current = true;
    onDone(remark);
  }
  function keep(typed: string): void {
    const wrong = sayWhatIsWrong(typed, REMARK);
    setError(wrong);
    if (!wrong) finish(typed.trim());
  }
  return (
    <>
      <TextField.Root
        autoFocus
        size="2"
        aria-label={`Your name for ${friend.user.nickname}`}
        aria-invalid={error ? true : undefined}
        aria-describedby={error ? errorId : undefined}
        {...(error && { color: 'red' as const, variant: 'soft' as const })}
        placeholder={friend.user.nickname}
        defaultValue={friend.remark ?? ''}
        onFocus={(event) => event.target.select()}
        onBlur={(event) => keep(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') keep(event.currentTarget.value);
          if (event.key === 'Escape') finish(undefined);
        }}
      />
      {error ? (
        <Text as="p" size="1" color="red" mt="1" id={errorId}>
          {error}
        </Text>
      ) : null}
    </>
  );
}
