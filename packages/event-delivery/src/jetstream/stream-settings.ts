/** A stream is missing, and this user may not make it: its owner does, in time. */
export class StreamIsNotOurs extends Error {
  constructor() {
    super('The stream is missing, and is for its owner to make.');
    this.name = 'StreamIsNotOurs';
  }
}

/** Whether a stream has these settings already: whoever only consumes it need not have the right to change it. */
export function isAsWanted(existing: object, wanted: object): boolean {
  const has = existing as Record<string, unknown>;
  return Object.entries(wanted).every(([key, value]) => JSON.stringify(has[key]) === JSON.stringify(value));
}
