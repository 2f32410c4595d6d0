import { useSession } from '@kith/client/react';
import { Theme } from '@radix-ui/themes';
import { QueryClientProvider } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useRef, useSyncExternalStore } from 'react';
import { kith } from './connection/kith.ts';
import { queryClient } from './connection/query-client.ts';
import { wasAskedToSignOut } from './connection/sign-out.ts';
import { announcementStore } from './problems/announce.ts';
import { useAppearance } from './shell/appearance.ts';

const Announcements = lazy(() => import('./problems/announcements.tsx'));
const SignInScreen = lazy(() => import('./sign-in/sign-in-screen.tsx'));
const Shell = lazy(() => import('./shell/shell.tsx').then(({ Shell }) => ({ default: Shell })));

/** The address stays while a person signs in again: they come back to where they were. */
export function App() {
  const { shown } = useAppearance();
  const session = useSession(kith);
  const hasSpoken = useSyncExternalStore(announcementStore.subscribe, announcementStore.hasSpoken);
  const wasSignedIn = useRef(false);
  useEffect(() => {
    if (session) wasSignedIn.current = true;
  }, [session]);
  useEffect(() => {
    document.documentElement.dataset.appearance = shown;
  }, [shown]);
  return (
    <Theme appearance={shown} accentColor="iris" grayColor="slate" radius="large" panelBackground="solid">
      <QueryClientProvider client={queryClient}>
        <Suspense fallback={null}>
          {session === undefined ? null : session ? (
            <Shell />
          ) : (
            <SignInScreen hasEnded={wasSignedIn.current && !wasAskedToSignOut()} />
          )}
        </Suspense>
        {hasSpoken ? (
          <Suspense fallback={null}>
            <Announcements />
          </Suspense>
        ) : null}
      </QueryClientProvider>
    </Theme>
  );
}
