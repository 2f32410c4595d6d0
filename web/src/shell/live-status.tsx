import { Text } from '@radix-ui/themes';
import { useLiveState } from '../connection/use-live-list.ts';

const WORDS = { live: 'Live', 'catching up': 'Catching up', offline: 'Offline' } as const;
const MEANING = {
  live: 'Every change appears as it happens.',
  'catching up': 'Reading what happened meanwhile.',
  offline: 'Changes appear again when the connection is back.',
} as const;

/** How the list is connected; the words are there for those who do not see the colour. */
export function LiveStatus() {
  const state = useLiveState();
  return (
    <span className="live-status" data-state={state} title={MEANING[state]}>
      <span className="live-dot" aria-hidden />
      <Text size="2" role="status" aria-label={`Connection: ${WORDS[state]}`}>
        {WORDS[state]}
      </Text>
    </span>
  );
}
