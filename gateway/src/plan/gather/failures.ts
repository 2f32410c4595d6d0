/** An error as a service answers it. */
export interface ServiceError {
  readonly message: string;
  readonly path?: readonly (string | number)[] | undefined;
  readonly extensions?: Record<string, unknown> | undefined;
}

/** Of a field that is missing because of a neighbour's error, which says all. */
export const TOLD = 'told';

/** Every field of an object: a service had part in it and failed, while another one answered its own part. */
const ALL = Symbol('all');

/** Why fields of objects are missing: a service could not be asked, or had to leave out more than what failed. */
export class Failures {
  readonly #byObject = new Map<object, Map<string | typeof ALL, ServiceError | typeof TOLD>>();

  get any(): boolean {
    return this.#byObject.size > 0;
  }

  add(object: object, keys: readonly (string | typeof ALL)[], why: ServiceError | typeof TOLD): void {
    const byKey = this.#byObject.get(object) ?? new Map<string | typeof ALL, ServiceError | typeof TOLD>();
    for (const key of keys) if (!byKey.has(key)) byKey.set(key, why);
    this.#byObject.set(object, byKey);
  }

  of(object: object, key: string): ServiceError | typeof TOLD | undefined {
    const byKey = this.#byObject.get(object);
    return byKey?.get(key) ?? byKey?.get(ALL);
  }

  /** What is missing in `value`, which stands in a field that a service failed to add its part to, is so for that. */
  passDown(object: object, key: string, value: unknown): void {
    const why = this.of(object, key);
    if (why === undefined || typeof value !== 'object' || value === null) return;
    for (const each of Array.isArray(value) ? value : [value]) {
      if (typeof each === 'object' && each !== null) this.add(each, [ALL], why);
    }
  }
}
