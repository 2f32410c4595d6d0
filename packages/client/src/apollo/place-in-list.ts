/** What every change of a live list has, as the protocol asks a reader to select it. */
interface Change {
  readonly cursor: string;
  readonly revision: number;
  /** On snapshots alone. */
  readonly complete?: boolean;
}

/** A revision is missing between what was handed on and what came: resume from the cursor. */
export class MissedChange extends Error {
  constructor(expected: number, got: number) {
    super(`Revision ${got} came where ${expected} was due.`);
    this.name = 'MissedChange';
  }
}

/** The document does not ask for what a list is resumed by. */
export class NotResumable extends Error {
  constructor(field: string, missing: string) {
    super(
      `${field} cannot be resumed: select __typename, cursor and revision, and complete of a snapshot (${missing}).`,
    );
    this.name = 'NotResumable';
  }
}

/** Where one reader of a live list stands: the last cursor and revision that were handed on (docs/live-lists/protocol.md). */
export class PlaceInList {
  readonly #field: string;
  #cursor: string | null;
  /** undefined until something came: a cursor does not say which revision it belongs to. */
  #revision: number | undefined;
  /** A snapshot's pages until the last is there. */
  #pages: Record<string, unknown> | undefined;
  #hasTaken = false;

  constructor(field: string, after: string | null) {
    this.#field = field;
    this.#cursor = after;
  }

  /** A line begins: from which cursor; null for a snapshot. */
  begin(): string | null {
    this.#pages = undefined;
    this.#hasTaken = false;
    return this.#cursor;
  }

  /**
   * What is to be handed on: the change, or a snapshot as a whole with its last page; undefined for what was handed on
   * before, and for other pages. Throws MissedChange and NotResumable.
   */
  take(data: Readonly<Record<string, unknown>>): Record<string, unknown> | undefined {
    const change = this.#changeIn(data);
    const isSnapshot = change.complete !== undefined;
    if (!isSnapshot && this.#revision !== undefined) {
      if (change.revision <= this.#revision) return undefined;
      if (change.revision !== this.#revision + 1) throw this.#missed(this.#revision + 1, change.revision);
    }
    const whole = isSnapshot ? this.#withPagesBefore(change) : change;
    if (!whole) return undefined;
    this.#cursor = change.cursor;
    this.#revision = change.revision;
    this.#hasTaken = true;
    return { ...data, [this.#field]: whole };
  }

  #missed(expected: number, got: number): MissedChange {
    // Right behind the cursor it would be there again and again: cursor and revision belong to different lists.
    if (!this.#hasTaken) {
      this.#cursor = null;
      this.#revision = undefined;
    }
    return new MissedChange(expected, got);
  }

  /** Half a snapshot is never handed on. */
  #withPagesBefore(page: Change): object | undefined {
    const before = this.#pages?.revision === page.revision ? this.#pages : {};
    const joined: Record<string, unknown> = { ...page };
    for (const [name, value] of Object.entries(before)) {
      const more = joined[name];
      if (Array.isArray(value) && Array.isArray(more)) joined[name] = [...value, ...more];
    }
    this.#pages = page.complete ? undefined : joined;
    return page.complete ? joined : undefined;
  }

  #changeIn(data: Readonly<Record<string, unknown>>): Change {
    const change = (data[this.#field] ?? {}) as Partial<Record<keyof Change | '__typename', unknown>>;
    const { cursor, revision, complete, __typename: kind } = change;
    const missing = [
      ...(typeof cursor === 'string' ? [] : ['cursor']),
      ...(typeof revision === 'number' ? [] : ['revision']),
      ...(typeof kind === 'string' ? [] : ['__typename']),
      ...(String(kind).endsWith('Snapshot') && typeof complete !== 'boolean' ? ['complete'] : []),
    ];
    if (missing.length > 0) throw new NotResumable(this.#field, `there is no ${missing.join(', ')}`);
    return change as Change;
  }
}
