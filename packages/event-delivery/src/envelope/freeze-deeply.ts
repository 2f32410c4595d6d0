/** What was frozen to its end: freezing the same data again costs nothing, and circles end. */
const frozenDeeply = new WeakSet<object>();

/**
 * Makes a value immutable, with everything that it holds, and hands it back: an event is read by many, and whoever
 * changed it would change it for the others. Views of bytes cannot be frozen; dates, maps and sets keep their methods.
 */
export function freezeDeeply<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || frozenDeeply.has(value)) return value;
  frozenDeeply.add(Object.freeze(value));
  for (const inner of Object.values(value)) freezeDeeply(inner);
  return value;
}
