/** Adds fields to an object. What both have is put together, level by level; where one says there is none, none is. */
export function merge(target: Record<string, unknown>, source: Readonly<Record<string, unknown>>): void {
  for (const key of Object.keys(source)) {
    const [known, added] = [target[key], source[key]];
    if (known === null) continue;
    if (isObject(known) && isObject(added)) merge(known, added);
    else target[key] = added;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
