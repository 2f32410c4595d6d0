import { useSyncExternalStore } from 'react';
import { useLiveState } from '../connection/use-live-list.ts';
import './offline-notice.css';

function subscribe(listener: () => void): () => void {
  addEventListener('online', listener);
  addEventListener('offline', listener);
  return () => {
    removeEventListener('online', listener);
    removeEventListener('offline', listener);
  };
}

/** On every screen while there is no connection; the words beside the dot are read aloud, these are not again. */
export function OfflineNotice() {
  const state = useLiveState();
  const hasNetwork = useSyncExternalStore(subscribe, () => navigator.onLine);
  if (state !== 'offline') return null;
  return (
    <p className="offline-notice">
      <strong>{hasNetwork ? 'Kith cannot be reached.' : 'You are offline.'}</strong> You see what was here last. It is
      brought up to date as soon as the connection is back.
    </p>
  );
}
