/** What browsers have and Node has not: https://developer.mozilla.org/docs/Web/API/Navigator/onLine */
interface Platform {
  readonly navigator?: { readonly onLine?: boolean };
  addEventListener?(name: 'online' | 'offline', listener: () => void): void;
  removeEventListener?(name: 'online' | 'offline', listener: () => void): void;
}

/** The platform says that there is no network: trying is of no use. */
export function isKnownOffline(platform: Platform = globalThis as Platform): boolean {
  return platform.navigator?.onLine === false;
}

/** A connection over a network that went away looks open for long: the platform often knows at once. */
export function followNetwork(
  on: { lost(): void; back(): void },
  platform: Platform = globalThis as Platform,
): () => void {
  platform.addEventListener?.('offline', on.lost);
  platform.addEventListener?.('online', on.back);
  return () => {
    platform.removeEventListener?.('offline', on.lost);
    platform.removeEventListener?.('online', on.back);
  };
}
