import { isKnownOffline } from './follow-network.ts';

/** An error that the server answered: `code` is one of the public API's, and programs go by it. */
export class KithApiError extends Error {
  readonly code: string;
  readonly extensions: Readonly<Record<string, unknown>>;
  /** What the mutation has done all the same, by the names of its fields, as far as it was answered. */
  readonly completed: Readonly<Record<string, unknown>>;
  constructor(
    message: string,
    extensions: Readonly<Record<string, unknown>>,
    completed: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.name = 'KithApiError';
    this.code = typeof extensions.code === 'string' ? extensions.code : 'INTERNAL_SERVER_ERROR';
    this.extensions = extensions;
    this.completed = completed;
  }
}

/** The server could not be reached, or did not answer GraphQL: trying again later may help. */
export class Unreachable extends Error {
  constructor(options?: ErrorOptions) {
    super('The server cannot be reached.', options);
    this.name = 'Unreachable';
  }
}

export interface Operation {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

interface Answer {
  readonly data?: object | null;
  readonly extensions?: { completed?: object };
  readonly errors?: readonly { message: string; extensions?: Record<string, unknown> }[];
}

/** The gateway answers within half of it, if only that a service is away. */
const ANSWERED_WITHIN_MS = 20_000;

/** One operation over HTTP. Throws KithApiError with the first error that was answered, or Unreachable. */
export async function sendOperation<Data>(
  to: { url: string; fetch: typeof fetch },
  { query, variables }: Operation,
  accessToken: string | null,
): Promise<Data> {
  if (isKnownOffline()) throw new Unreachable();
  let answer: Answer;
  // Not AbortSignal.timeout, which React Native lacks.
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), ANSWERED_WITHIN_MS);
  try {
    const send = to.fetch;
    const response = await send(to.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json, application/json',
        ...(accessToken ? { authorization: `Bearer ${accessToken}` } : {}),
      },
      body: JSON.stringify({ query, variables }),
      signal: limit.signal,
    });
    answer = (await response.json()) as Answer;
  } catch (cause) {
    throw new Unreachable({ cause });
  } finally {
    clearTimeout(timer);
  }
  const error = answer.errors?.[0];
  if (error) {
    const completed = { ...answer.data, ...answer.extensions?.completed };
    throw new KithApiError(error.message, error.extensions ?? {}, completed);
  }
  if (answer.data === undefined || answer.data === null) throw new Unreachable();
  return answer.data as Data;
}
