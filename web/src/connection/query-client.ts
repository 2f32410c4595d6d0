import { KithApiError, Unreachable } from '@kith/client';
import { QueryClient } from '@tanstack/react-query';
import { kith } from './kith.ts';

/** What may be well again in a moment. */
function mayPass(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof KithApiError && error.code === 'SERVICE_UNAVAILABLE');
}

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
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

// The next person must not see the last one's answers.
let userId: string | undefined;
kith.session.subscribe(() => {
  const next = kith.session.getSnapshot()?.user.id;
  if (next === userId) return;
  userId = next;
  queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'demonstration' });
});
