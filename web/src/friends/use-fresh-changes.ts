import { useEffect, useRef, useState } from 'react';
import { kith } from '../connection/kith.ts';

const FRESH_FOR_MS = 1_600;

/** Whose row has just changed, to let it shine for a moment, and whether rows may glide now. */
export function useFreshChanges(): { isFresh(userId: string): boolean; glides: boolean } {
  const until = useRef(new Map<string, number>());
  const [glides, setGlides] = useState(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = kith.friends.onChange((change) => {
      if (change.__typename === 'FriendAdded' || change.__typename === 'FriendChanged') {
        until.current.set(change.friend.user.id, performance.now() + FRESH_FOR_MS);
      } else if (change.__typename !== 'FriendRemoved') return;
      setGlides(true);
      clearTimeout(timer);
      timer = setTimeout(() => {
        until.current.clear();
        setGlides(false);
      }, FRESH_FOR_MS);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, []);
  return { isFresh: (userId) => (until.current.get(userId) ?? 0) > performance.now(), glides };
}
