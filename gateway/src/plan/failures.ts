/** An error as a service answers it. */
export interface ServiceError {
  readonly message: string;
  readonly path?: readonly (string | number)[] | undefined;
  readonly extensions?: Record<string, unknown> | undefined;
}

/** Of a field that is missing because of a neighbour's error, which says all. */
export const TOLD = 'told';

/** Why fields of objects are missing: a service could not be asked, or had to leave out more than what failed. */
export class Failures {
  readonly #byObject = new Map<object, Map<string, ServiceError | typeof TOLD>>();

  add(object: object, keys: readonly string[], why: ServiceError | typeof TOLD): void {
    const byKey = this.#byObject.get(object) ?? new Map<string, ServiceError | typeof TOLD>();
    for (const key of keys) if (!byKey.has(key)) byKey.set(key, why);
    this.#byObject.set(object, byKey);
  }

  of(object: object, key: string): ServiceError | typeof TOLD | undefined {
    return this.#byObject.get(object)?.get(key);
  }
}
