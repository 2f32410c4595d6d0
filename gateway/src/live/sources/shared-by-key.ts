/**
 * Reference counting: one resource per key, however many use it, opened for the first of them, stopped when the last
 * lets go.
 */
export class SharedByKey<Resource extends { stop(): void }> {
  readonly #open: (key: string) => Resource;
  readonly #inUse = new Map<string, { resource: Resource; users: number }>();

  constructor(open: (key: string) => Resource) {
    this.#open = open;
  }

  get size(): number {
    return this.#inUse.size;
  }

  entries(): [key: string, resource: Resource][] {
    return [...this.#inUse].map(([key, { resource }]) => [key, resource]);
  }

  find(key: string): Resource | undefined {
    return this.#inUse.get(key)?.resource;
  }

  /** `release` may be called more than once; only the first counts. */
  take(key: string): { resource: Resource; release(): void } {
    const entry = this.#inUse.get(key) ?? { resource: this.#open(key), users: 0 };
    this.#inUse.set(key, entry);
    entry.users += 1;
    let released = false;
    const release = () => {
      if (released) return;
      released = true;
      entry.users -= 1;
      if (entry.users > 0) return;
      this.#inUse.delete(key);
      entry.resource.stop();
    };
    return { resource: entry.resource, release };
  }
}
