import { queryOptions } from '@tanstack/react-query';
import { seatStorage } from './seat.ts';

export interface Demonstration {
  readonly password: string;
  readonly people: readonly { readonly username: string; readonly nickname: string }[];
}

/** The people that anybody may sign in as; null where the gateway runs with nobody but real ones. */
export const demonstrationQuery = queryOptions({
  queryKey: ['demonstration'],
  queryFn: async (): Promise<Demonstration | null> => {
    const response = await fetch('/demonstration.json', { headers: { accept: 'application/json' } });
    return response.ok ? ((await response.json()) as Demonstration | null) : null;
  },
  staleTime: Number.POSITIVE_INFINITY,
  retry: 2,
});

const HINT_KEY = 'kith.hint-read';
export const isHintRead = () => seatStorage.getItem(HINT_KEY) !== null;
export const markHintRead = () => seatStorage.setItem(HINT_KEY, 'yes');
