import { useEffect } from 'react';

const TYPING = 'input, textarea, select, [contenteditable]';

/** Ctrl+K (or ⌘K) anywhere; Ctrl+Z (or ⌘Z) where nothing is being typed, which has an undo of its own. */
export function useShortcuts({ onPalette, onUndo }: { onPalette(): void; onUndo(): void }): void {
  useEffect(() => {
    function press(event: KeyboardEvent): void {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
      const isTyping = event.target instanceof Element && event.target.closest(TYPING);
      const key = event.key.toLowerCase();
      if (key === 'k') onPalette();
      else if (key === 'z' && !isTyping) onUndo();
      else return;
      event.preventDefault();
    }
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [onPalette, onUndo]);
}
