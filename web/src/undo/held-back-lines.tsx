import { Button } from '@radix-ui/themes';
import { useSyncExternalStore } from 'react';
import type { HeldBack } from '../connection/held-back.ts';
import { nameOfHeldBack } from '../connection/held-back.ts';
import { heldBackStore } from '../connection/held-back-store.ts';
import { WORDS_OF_DEEDS } from './words-of-deeds.ts';
import './undo.css';

/** A line for each thing that can still be undone, the latest last. */
export function HeldBackLines({
  onUndo,
  onReading,
}: {
  onUndo(held: HeldBack): void;
  onReading(reading: boolean): void;
}) {
  const all = useSyncExternalStore(heldBackStore.subscribe, heldBackStore.getSnapshot);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it listens to what goes on inside, and does nothing itself.
    <div
      className="held-back"
      onPointerEnter={() => onReading(true)}
      onPointerLeave={() => onReading(false)}
      onFocus={() => onReading(true)}
      onBlur={() => onReading(false)}
    >
      {all.map((held) => (
        <HeldBackLine key={nameOfHeldBack(held)} held={held} onUndo={() => onUndo(held)} />
      ))}
    </div>
  );
}

function HeldBackLine({ held, onUndo }: { held: HeldBack; onUndo(): void }) {
  const progress = useSyncExternalStore(heldBackStore.subscribe, () => heldBackStore.progressOf(held));
  return (
    <div className="held-back-line">
      <span>
        <bdi>{held.person.name}</bdi> {WORDS_OF_DEEDS[held.kind]}
        {progress === 'waiting for the connection' ? ' when the connection is back' : ''}
      </span>
      <Button
        size="1"
        variant="soft"
        disabled={progress === 'under way'}
        aria-label={`Undo: ${held.person.name} ${WORDS_OF_DEEDS[held.kind]}`}
        onClick={onUndo}
      >
        Undo
      </Button>
    </div>
  );
}
