import { createKithClient, webStorage } from '@kith/client';
import { RecordedWebSocket, recordChange, recordedFetch } from './record-traffic.ts';
import { isOurs, seatStorage } from './seat.ts';

/** The one client of this page. What it sends and hears is recorded for the drawer "Under the hood". */
export const kith = createKithClient({
  url: new URL('/graphql', location.href).href,
  store: webStorage(seatStorage),
  fetch: recordedFetch,
  webSocket: RecordedWebSocket,
});

kith.friends.onChange(recordChange);
// Another tab of the same person has signed in or out.
addEventListener('storage', (event) => {
  if (isOurs(event, 'kith.session')) void kith.session.reread();
});
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') kith.friends.retryNow();
});
