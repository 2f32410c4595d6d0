/**
 * A seat is a place to be signed in. All tabs of a browser share the usual one; a window opened for a second person
 * (`/?as=ben`) has a seat of its own, so that two people can be watched side by side in one browser.
 */
const TAB_KEY = 'kith.seat';
const ADDRESS_KEY = 'as';

function takeSeat(): string | null {
  const address = new URL(location.href);
  const asked = address.searchParams.get(ADDRESS_KEY);
  if (asked === null) return sessionStorage.getItem(TAB_KEY);
  const seat = asked
    .toLowerCase()
    .replace(/[^a-z0-9_]/g, '')
    .slice(0, 32);
  sessionStorage.setItem(TAB_KEY, seat);
  address.searchParams.delete(ADDRESS_KEY);
  history.replaceState(history.state, '', address);
  return seat;
}

/** The username that this window was opened for; null in an ordinary tab. */
export const seat = takeSeat();

const prefix = seat ? `${seat}/` : '';

/** localStorage, each seat with its own part of it. */
export const seatStorage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> = {
  getItem: (key) => localStorage.getItem(prefix + key),
  setItem: (key, value) => localStorage.setItem(prefix + key, value),
  removeItem: (key) => localStorage.removeItem(prefix + key),
};

/** Whether a `storage` event of another tab is about what this seat keeps under that key. */
export function isOurs(event: StorageEvent, key: string): boolean {
  return event.key === prefix + key;
}

/** Opens a window of its own for another person. */
export function openSecondWindow(username: string): void {
  window.open(`/?${ADDRESS_KEY}=${username}`, '_blank', 'popup,noopener,width=520,height=860');
}
