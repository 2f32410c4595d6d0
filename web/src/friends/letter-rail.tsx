import type { Friend } from '@kith/client';
import { type KeyboardEvent, useMemo } from 'react';
import { lettersOf } from './letters-of.ts';

/** Letters to jump by, beside a long list in the order of names: one stop of the Tab key, and arrows between them. */
export default function LetterRail({ friends, onJump }: { friends: readonly Friend[]; onJump(index: number): void }) {
  const letters = useMemo(() => lettersOf(friends), [friends]);
  function move(event: KeyboardEvent<HTMLElement>): void {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const buttons = [...event.currentTarget.querySelectorAll('button')];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    buttons[Math.min(buttons.length - 1, Math.max(0, at + step))]?.focus();
  }
  if (letters.length < 2) return null;
  return (
    <nav className="letter-rail" aria-label="Jump to a letter" onKeyDown={move}>
      {letters.map(({ letter, index }, at) => (
        <button key={letter} type="button" tabIndex={at === 0 ? 0 : -1} onClick={() => onJump(index)}>
          {letter}
        </button>
      ))}
    </nav>
  );
}
