/** Bounds a cache to `most` entries, first in, first out: a Map keeps the order of insertion. */
export function forgetFirstBeyond<Key>(most: number, cache: Map<Key, unknown>): void {
  if (cache.size <= most) return;
  for (const first of cache.keys()) {
    cache.delete(first);
    return;
  }
}
