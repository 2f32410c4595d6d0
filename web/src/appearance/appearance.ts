import { useSyncExternalStore } from 'react';

export type Appearance = 'system' | 'light' | 'dark';

const KEY = 'kith.appearance';
const systemIsDark = matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();
let chosen: Appearance = readChosen();

function readChosen(): Appearance {
  const text = localStorage.getItem(KEY);
  return text === 'light' || text === 'dark' ? text : 'system';
}

function tell(): void {
  for (const listener of listeners) listener();
}
systemIsDark.addEventListener('change', tell);

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

export function chooseAppearance(next: Appearance): void {
  chosen = next;
  localStorage.setItem(KEY, next);
  tell();
}

/** What was chosen, and what that comes to now: the system's wish changes with the time of day. */
export function useAppearance(): { chosen: Appearance; shown: 'light' | 'dark' } {
  const now = useSyncExternalStore(subscribe, () => chosen);
  const dark = useSyncExternalStore(subscribe, () => systemIsDark.matches);
  return { chosen: now, shown: now === 'system' ? (dark ? 'dark' : 'light') : now };
}
