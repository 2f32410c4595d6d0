import { setTimeout as delay } from 'node:timers/promises';

export interface AnsweredError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: { readonly code?: string; readonly field?: string; readonly limit?: number };
}

export interface Answer<Data> {
  readonly status: number;
  readonly data: Data | null;
  readonly errors: readonly AnsweredError[];
}

export interface Operation {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly token?: string | undefined;
}

/** The gateway answered with an error. */
export class Refused extends Error {
  override name = 'Refused';
  readonly code: string | undefined;
  constructor(errors: readonly AnsweredError[]) {
    super(errors.map(({ message, extensions }) => `${extensions?.code}: ${message}`).join('; '));
    this.code = errors[0]?.extensions?.code;
  }
}

const ANSWER_WITHIN_MS = 15_000;

/** Sends one operation over HTTP. Rejects only when there is no answer; refusals are in `errors`. */
// biome-ignore lint/suspicious/noExplicitAny: the shape is the query's, which only the caller knows.
export async function ask<Data = any>(gatewayUrl: string, operation: Operation): Promise<Answer<Data>> {
  const { query, variables, token } = operation;
  const response = await fetch(`${gatewayUrl}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  const result = (await response.json()) as { data?: Data; errors?: AnsweredError[] };
  return { status: response.status, data: result.data ?? null, errors: result.errors ?? [] };
}

/** The data of an operation that must succeed; throws Refused. */
// biome-ignore lint/suspicious/noExplicitAny: as above.
export async function dataOf<Data = any>(gatewayUrl: string, operation: Operation): Promise<Data> {
  const { data, errors } = await ask<Data>(gatewayUrl, operation);
  if (errors.length > 0) throw new Refused(errors);
  return data as Data;
}

const RETRY = { firstMs: 20, mostMs: 250 };
const ANSWERED_WITHIN_MS = 60_000;

/**
 * As `dataOf`, again and again through one gateway after the other while nobody answers or a service is unavailable:
 * every operation can be repeated. Any other refusal is thrown at once.
 */
// biome-ignore lint/suspicious/noExplicitAny: as above.
export async function askUntilAnswered<Data = any>(
  gatewayUrls: readonly string[],
  operation: Operation,
  onRetry: (error: unknown) => void = () => undefined,
  withinMs = ANSWERED_WITHIN_MS,
): Promise<Data> {
  const deadline = performance.now() + withinMs;
  for (let attempt = 0; ; attempt += 1) {
    let failed: unknown;
    try {
      return await dataOf<Data>(gatewayUrls[attempt % gatewayUrls.length]!, operation);
    } catch (error) {
      const mayPass = !(error instanceof Refused) || error.code === 'SERVICE_UNAVAILABLE';
      if (!mayPass || performance.now() > deadline) throw error;
      failed = error;
    }
    onRetry(failed);
    await delay(Math.min(RETRY.firstMs * 2 ** attempt, RETRY.mostMs));
  }
}
