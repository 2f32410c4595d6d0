import { useEffect, useState } from 'react';

/** Whole seconds until an instant (milliseconds of the epoch), counting down; 0 when it has passed or there is none. */
export function useSecondsUntil(instantMs: number | undefined): number {
  const [, tick] = useState(0);
  const seconds = instantMs === undefined ? 0 : Math.max(0, Math.ceil((instantMs - Date.now()) / 1000));
  useEffect(() => {
    if (seconds === 0) return;
    const timer = setInterval(() => tick((ticks) => ticks + 1), 500);
    return () => clearInterval(timer);
  }, [seconds === 0]);
  return seconds;
}
