import { KithApiError, Unreachable } from '@kith/client';
import { QueryClient } from '@tanstack/react-query';
import { kith } from './kith.ts';

/** What may be well again in a moment. */
export function mayPass(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof KithApiError && error.code === 'SERVICE_UNAVAILABLE');
}

const KEPT_FOR_MS = 24 * 60 * 60 * 1000;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      // What was shown once is shown again when the connection is gone.
      gcTime: KEPT_FOR_MS,
      retry: (failures, error) => mayPass(error) && failures < 2,
      retryDelay: (failures) => 400 * 2 ** failures,
      // A part of Kith that is down is asked again until it is back, while somebody looks.
      refetchInterval: ({ state }) => (state.status === 'error' && mayPass(state.error) ? 3_000 : false),
    },
  },
});

// Relations and suggestions change with the list: what is on the screen is asked for again.
kith.friends.onChange(({ __typename }) => {
  if (__typename === 'FriendChanged' || __typename === 'FriendListSnapshot') return;
  void queryClient.invalidateQueries({ queryKey: ['suggestions'] });
  void queryClient.invalidateQueries({ queryKey: ['person'] });
});

/** Blocking and unblocking change what others are to the viewer, which no list tells. */
export async function askAgainWhoIsBlocked(): Promise<void> {
  const keys = ['blocked', 'person', 'people', 'suggestions'];
  await Promise.all(keys.map((key) => queryClient.invalidateQueries({ queryKey: [key] })));
}

// The next person must not see the last one's answers.
let userId: string | undefined;
kith.session.subscribe(() => {
  const next = kith.session.getSnapshot()?.user.id;
  if (next === userId) return;
  userId = next;
  queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'demonstration' });
});
