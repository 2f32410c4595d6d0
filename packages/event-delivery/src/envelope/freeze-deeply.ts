/** Object.freeze leaves the contents of these as changeable as they were: frozen ones refuse to change by their methods. */
const REFUSING = new Map<object, object>([
  [Date.prototype, refusing(Date.prototype, (method) => method.startsWith('set'))],
  [Map.prototype, refusing(Map.prototype, (method) => ['set', 'delete', 'clear'].includes(method))],
  [Set.prototype, refusing(Set.prototype, (method) => ['add', 'delete', 'clear'].includes(method))],
]);

function refusing<Type extends Date | Map<unknown, unknown> | Set<unknown>>(
  type: Type,
  changes: (method: string) => boolean,
): Type {
  const methods = Object.getOwnPropertyNames(type).filter(changes);
  const refusals = methods.map((method) => [method, { value: refuse, configurable: false }] as const);
  return Object.create(type, { constructor: { value: type.constructor }, ...Object.fromEntries(refusals) }) as Type;
}

function refuse(): never {
  throw new TypeError('It is frozen: make another one instead of changing it.');
}

/**
 * Makes a value immutable, with everything that it holds, and hands it back: an event is read by many, and whoever
 * changed it would change it for the others. Dates, maps and sets refuse the methods that change them; views of bytes
 * cannot be frozen.
 */
export function freezeDeeply<Value>(value: Value): Value {
  freeze(value, {});
  return value;
}

/** What was frozen when it was met: by us a moment ago, in a circle, or by others, at its surface alone. */
interface Walk {
  metFrozen?: Set<object>;
}

function freeze(value: unknown, walk: Walk): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  if (Object.isFrozen(value)) {
    walk.metFrozen ??= new Set();
    if (walk.metFrozen.has(value)) return;
    walk.metFrozen.add(value);
  } else freezeItself(value);
  for (const inner of Object.values(value)) freeze(inner, walk);
  if (value instanceof Map) for (const entry of value) for (const inner of entry) freeze(inner, walk);
  else if (value instanceof Set) for (const inner of value) freeze(inner, walk);
}

function freezeItself(value: object): void {
  const refuses = REFUSING.get(Object.getPrototypeOf(value));
  if (refuses && Object.isExtensible(value)) Object.setPrototypeOf(value, refuses);
  Object.freeze(value);
}
