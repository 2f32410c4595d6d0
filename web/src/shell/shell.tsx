import { CodeIcon, MagnifyingGlassIcon } from '@radix-ui/react-icons';
import { Button, Flex, IconButton, Spinner } from '@radix-ui/themes';
import { useCallback, useEffect, useState } from 'react';
import { Route, Switch } from 'wouter';
import { AppearanceButton } from '../appearance/appearance-button.tsx';
import { FriendsScreen } from '../friends/friends-screen.tsx';
import { Brand } from '../layout/brand.tsx';
import { loadLater, loadTheRest, loadWhenQuiet } from '../layout/load-later.tsx';
import { LiveStatus } from './live-status.tsx';
import { Navigation } from './navigation.tsx';
import { OfflineNotice } from './offline-notice.tsx';
import { useShortcuts } from './use-shortcuts.ts';

const RequestsScreen = loadLater(() => import('../requests/requests-screen.tsx'), ScreenIsComing, 'say');
const PeopleScreen = loadLater(() => import('../people/people-screen.tsx'), ScreenIsComing, 'say');
const PersonScreen = loadLater(() => import('../people/person-screen.tsx'), ScreenIsComing, 'say');
const BlockedScreen = loadLater(() => import('../blocked/blocked-screen.tsx'), ScreenIsComing, 'say');
const YouScreen = loadLater(() => import('../you/you-screen.tsx'), ScreenIsComing, 'say');
const NothingHere = loadLater(() => import('./nothing-here.tsx'), ScreenIsComing, 'say');
const UnderTheHood = loadLater(
  () => import('../under-the-hood/under-the-hood.tsx'),
  () => <aside className="drawer" id="under-the-hood" aria-label="Under the hood" />,
);

const Palette = loadLater(
  () => import('../palette/palette.tsx'),
  () => null,
);
const loadUndo = () => import('../undo/hold-back.tsx');
// It also sends what an earlier visit could not.
loadWhenQuiet(loadUndo);

const DRAWER_KEY = 'kith.under-the-hood';

/** What a signed-in person sees around every screen. */
export default function Shell() {
  const [drawer, setDrawer] = useState(() => sessionStorage.getItem(DRAWER_KEY) === 'open');
  const [palette, setPalette] = useState(false);
  const openPalette = useCallback(() => setPalette(true), []);
  const undoLast = useCallback(() => void loadUndo().then((undo) => undo.undoLast()), []);
  useShortcuts({ onPalette: openPalette, onUndo: undoLast });
  useEffect(loadTheRest, []);
  useEffect(() => sessionStorage.setItem(DRAWER_KEY, drawer ? 'open' : 'closed'), [drawer]);
  return (
    <div className="shell" data-drawer={drawer}>
      <a className="skip-link" href="#content">
        Skip to the content
      </a>
      <header className="head">
        <div className="top">
          <Brand />
          <Navigation />
          <Flex align="center" gap="4" className="top-end">
            <LiveStatus />
            <IconButton
              variant="ghost"
              color="gray"
              size="2"
              className="palette-button"
              aria-label="Find or do something"
              aria-keyshortcuts="Control+K Meta+K"
              title="Find or do something (Ctrl K)"
              onClick={openPalette}
            >
              <MagnifyingGlassIcon />
            </IconButton>
            <Button
              variant="ghost"
              color="gray"
              size="2"
              aria-expanded={drawer}
              aria-controls="under-the-hood"
              onClick={() => setDrawer(!drawer)}
            >
              <CodeIcon aria-hidden />
              <span className="wide-only">Under the hood</span>
              <span className="narrow-only only-heard">Under the hood</span>
            </Button>
            <AppearanceButton />
          </Flex>
        </div>
        <OfflineNotice />
      </header>
      <main id="content" className="content" tabIndex={-1}>
        <Switch>
          <Route path="/">
            <FriendsScreen />
          </Route>
          <Route path="/requests">
            <RequestsScreen />
          </Route>
          <Route path="/people">
            <PeopleScreen />
          </Route>
          <Route path="/people/:userId">{({ userId }) => <PersonScreen key={userId} userId={userId} />}</Route>
          <Route path="/blocked">
            <BlockedScreen />
          </Route>
          <Route path="/you">
            <YouScreen />
          </Route>
          <Route>
            <NothingHere />
          </Route>
        </Switch>
      </main>
      {drawer ? <UnderTheHood onClose={() => setDrawer(false)} /> : null}
      {palette ? (
        <Palette onClose={() => setPalette(false)} onDrawer={() => setDrawer(!drawer)} onUndo={undoLast} />
      ) : null}
    </div>
  );
}

function ScreenIsComing() {
  return (
    <Flex justify="center" py="9">
      <Spinner size="3" />
    </Flex>
  );
}
