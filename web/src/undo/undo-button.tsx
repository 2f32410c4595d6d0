import { Button } from '@radix-ui/themes';
import { useSyncExternalStore } from 'react';
import type { HeldBack } from '../connection/held-back.ts';
import { heldBackStore } from '../connection/held-back-store.ts';
import { mayUndo, undo } from './hold-back.tsx';
import { WORDS_OF_DEEDS } from './words-of-deeds.ts';

/** Where the next step would be: the last one can still be taken back. */
export function UndoButton({ held }: { held: HeldBack }) {
  const isPossible = useSyncExternalStore(heldBackStore.subscribe, () => mayUndo(held));
  return (
    <Button
      variant="soft"
      disabled={!isPossible}
      aria-label={`Undo: ${held.person.name} ${WORDS_OF_DEEDS[held.kind]}`}
      onClick={() => undo(held)}
    >
      Undo
    </Button>
  );
}
