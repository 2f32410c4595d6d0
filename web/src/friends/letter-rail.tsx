import type { KeyboardEvent } from 'react';
import type { Letter } from './letters-of.ts';

/** Letters to jump by, beside a long list: one stop of the Tab key, and arrows between them. */
export function LetterRail({ letters, onJump }: { letters: readonly Letter[]; onJump(index: number): void }) {
  function move(event: KeyboardEvent<HTMLElement>): void {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const buttons = [...event.currentTarget.querySelectorAll('button')];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    buttons[Math.min(buttons.length - 1, Math.max(0, at + step))]?.focus();
  }
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
