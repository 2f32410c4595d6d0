/**
 * Why a source did not say how things stand: it cannot be reached, is overloaded, does not let us in, or has not had the
 * change itself yet. An outage (see isOutage): the event waits, and is no dead letter however long that takes.
 */
export class SourceAway extends Error {
  readonly code = 'SERVICE_UNAVAILABLE';
  constructor(url: string, why: string, cause?: unknown) {
    super(`${url} ${why}`, { cause });
    this.name = 'SourceAway';
  }
}

/** The source does not understand the question: no waiting helps. */
export class SourceRefused extends Error {
  readonly code = 'SOURCE_REFUSED';
  readonly status: number;
  constructor(url: string, status: number) {
    super(`${url} answered ${status}.`);
    this.name = 'SourceRefused';
    this.status = status;
  }
}

export interface AskOptions<Answer> {
  /** The handler's: aborted when its time is up. */
  readonly signal?: AbortSignal | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default 5 s. */
  readonly withinMs?: number;
  /** An answer from before the event (of a replica, or a cache) is none: its revision, and the event's. */
  readonly atLeast?: { readonly revision: number; readonly of: (answer: Answer) => number };
}

const WITHIN_MS = 5_000;
/** Not let in (a key that is being changed), too slow, too many: they pass. */
const PASSES = new Set([401, 403, 407, 408, 423, 425, 429]);

/**
 * Event notification (Fowler, "What do you mean by Event-Driven?"): the event only says that something has changed, and
 * its handler asks the source how it stands now. Resolves to the source's JSON, of whatever shape it has; undefined when
 * there is no such thing (any more).
 *
 * @throws {SourceAway} an outage, for which the event waits
 * @throws {SourceRefused} what no waiting mends
 */
export async function askSource<Answer>(url: string, options: AskOptions<Answer> = {}): Promise<Answer | undefined> {
  const { signal, headers = {}, withinMs = WITHIN_MS, atLeast } = options;
  const inTime = AbortSignal.timeout(withinMs);
  const response = await asked(url, { headers, signal: signal ? AbortSignal.any([signal, inTime]) : inTime }, signal);
  if (response.status === 404 || response.status === 410) {
    await response.body?.cancel();
    return undefined;
  }
  if (!response.ok) {
    await response.body?.cancel();
    const { status } = response;
    if (status >= 500 || PASSES.has(status)) throw new SourceAway(url, `answered ${status}.`);
    throw new SourceRefused(url, status);
  }
  const answer = (await response.json().catch((error) => {
    signal?.throwIfAborted();
    // A proxy's page, or half an answer.
    throw new SourceAway(url, 'did not answer JSON.', error);
  })) as Answer;
  if (atLeast && !(atLeast.of(answer) >= atLeast.revision)) {
    throw new SourceAway(url, `is behind: it has not got revision ${atLeast.revision} yet.`);
  }
  return answer;
}

async function asked(url: string, init: RequestInit, signal: AbortSignal | undefined): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    signal?.throwIfAborted();
    // Not a URL: a fault of the caller's.
    if (!URL.canParse(url)) throw error;
    throw new SourceAway(url, 'does not answer.', error);
  }
}
