/** Bounds a cache to `most` entries. A Map keeps the order of insertion: what was put in first goes first. */
export function forgetFirstBeyond<Key>(most: number, cache: Map<Key, unknown>): void {
  if (cache.size <= most) return;
  for (const first of cache.keys()) {
    cache.delete(first);
    return;
  }
}
