import { useSession } from '@kith/client/react';
import { Theme } from '@radix-ui/themes';
import { QueryClientProvider } from '@tanstack/react-query';
import { useEffect, useRef, useSyncExternalStore } from 'react';
import { useAppearance } from './appearance/appearance.ts';
import { kith } from './connection/kith.ts';
import { queryClient } from './connection/query-client.ts';
import { wasAskedToSignOut } from './connection/sign-out.ts';
import { loadLater } from './layout/load-later.tsx';
import { announcementStore } from './problems/announce.ts';
import { CatchMistakes } from './problems/catch-mistakes.tsx';

const nothing = () => null;
const Announcements = loadLater(() => import('./problems/announcements.tsx'), nothing);
const SignInScreen = loadLater(() => import('./sign-in/sign-in-screen.tsx'), nothing, 'say');
const Shell = loadLater(() => import('./shell/shell.tsx'), nothing, 'say');

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
        <CatchMistakes>
          {session === undefined ? null : session ? (
            <Shell />
          ) : (
            <SignInScreen hasEnded={wasSignedIn.current && !wasAskedToSignOut()} />
          )}
        </CatchMistakes>
        {hasSpoken ? <Announcements /> : null}
      </QueryClientProvider>
    </Theme>
  );
}
