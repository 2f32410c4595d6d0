/**
 * Adds fields to an object. What both have is put together, level by level; where one says there is none, none is. The
 * name of a type does not give way to one of the `abstract` ones, which a service calls it that knows it no better.
 */
export function merge(
  target: Record<string, unknown>,
  source: Readonly<Record<string, unknown>>,
  abstract: ReadonlySet<string>,
): void {
  for (const key of Object.keys(source)) {
    const [known, added] = [target[key], source[key]];
    if (known === null || (key === '__typename' && known !== undefined && abstract.has(String(added)))) continue;
    if (isObject(known) && isObject(added)) merge(known, added, abstract);
    else target[key] = added;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
