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
  if (isObject(value)) freeze(value, {});
  return value;
}

/** `freezeDeeply(new Date(time))`, made so from the start: to change an object's prototype costs more than to make it. */
export function frozenDate(time: string): Date {
  return Object.freeze(Reflect.construct(Date, [time], FrozenDate));
}

/** As what it makes a date looks: like a Date, with methods that refuse. */
const FrozenDate = Object.defineProperty(function FrozenDate() {}, 'prototype', {
  value: REFUSING.get(Date.prototype),
});

/** What was frozen when it was met: by us a moment ago, in a circle, or by others, at its surface alone. */
interface Walk {
  metFrozen?: Set<object>;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function freeze(value: object, walk: Walk): void {
  if (ArrayBuffer.isView(value)) return;
  if (Object.isFrozen(value)) {
    walk.metFrozen ??= new Set();
    if (walk.metFrozen.has(value)) return;
    walk.metFrozen.add(value);
  } else freezeItself(value);
  // Without a list of its values: this is done for every event that comes.
  for (const key in value) {
    const inner = value[key as keyof typeof value] as unknown;
    if (isObject(inner) && Object.hasOwn(value, key)) freeze(inner, walk);
  }
  if (value instanceof Map) for (const entry of value) for (const inner of entry) freezeDeeplyIn(inner, walk);
  else if (value instanceof Set) for (const inner of value) freezeDeeplyIn(inner, walk);
}

function freezeDeeplyIn(inner: unknown, walk: Walk): void {
  if (isObject(inner)) freeze(inner, walk);
}

function freezeItself(value: object): void {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== Array.prototype && isObject(prototype)) {
    const refuses = REFUSING.get(prototype);
    if (refuses && Object.isExtensible(value)) Object.setPrototypeOf(value, refuses);
  }
  Object.freeze(value);
}
