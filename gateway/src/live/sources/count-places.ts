/** A place of that viewer, to be given back; undefined when they have `limit` already. */
export type PlacesOf = (viewerId: string, limit: number) => { giveBack(): void } | undefined;

/** Quota per viewer, for lists of one kind: how many somebody watches at a time. */
export function countPlaces(): PlacesOf {
  const taken = new Map<string, number>();
  return (viewerId, limit) => {
    const count = taken.get(viewerId) ?? 0;
    if (count >= limit) return undefined;
    taken.set(viewerId, count + 1);
    return {
      giveBack() {
        const left = (taken.get(viewerId) ?? 0) - 1;
        if (left > 0) taken.set(viewerId, left);
        else taken.delete(viewerId);
      },
    };
  };
}
