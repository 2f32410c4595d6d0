import { type ErrorCode, type ErrorExtensions, KithError } from '@kith/service-kit';
import type { ExecutionResult } from 'graphql';

// biome-ignore lint/suspicious/noExplicitAny: the shape is the subscription's, which only the caller knows.
export type StreamedResult = ExecutionResult<any>;

/** What a service answers to one subscription: each event, until it says that there are no more. */
export type Stream = AsyncGenerator<StreamedResult, undefined>;

/** One subscription, as a service is asked for it. */
export interface StreamRequest {
  /** The service as clients may see it. */
  readonly name: string;
  /** Its origin, by HTTP; and the path there. */
  readonly url: string;
  readonly path: string;
  /** The host that it shows its certificate for, where that is not in the URL. */
  readonly servername?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly operation: { readonly query: string; readonly variables?: Readonly<Record<string, unknown>> | undefined };
}

export interface StreamListener {
  /** Ends the stream, whatever it waits for; also when nobody waits for it. */
  readonly signal: AbortSignal;
  /** The service has taken the subscription. */
  opened(): void;
}

/** The stream has broken, or could not be opened: another try may do. */
export class StreamLost extends Error {
  override name = 'StreamLost';
}

/** There will be no more, and trying again will not help: why, as clients are told. */
export class StreamRefused extends Error {
  override name = 'StreamRefused';
  readonly errors: NonNullable<StreamedResult['errors']>;
  /** The service does not do what the gateway is told of it: for its operator. */
  readonly misconfigured: boolean;

  constructor(errors: NonNullable<StreamedResult['errors']>, { misconfigured = false } = {}) {
    super(errors[0]?.message ?? 'The subscription was refused.');
    this.errors = errors;
    this.misconfigured = misconfigured;
  }
}

/** One event may be so large at most, as JSON: it is held in memory, and so is each that is on its way. */
export const MAX_EVENT_BYTES = 1024 * 1024;

export function tooLarge(name: string): StreamRefused {
  const message = `An event of the ${name} service has more than ${MAX_EVENT_BYTES} bytes: select less.`;
  return refusedWith('QUERY_TOO_COMPLEX', message, { limit: MAX_EVENT_BYTES });
}

export function refusedWith(code: ErrorCode, message: string, extensions: ErrorExtensions = {}): StreamRefused {
  return new StreamRefused([{ message, extensions: { code, ...extensions } }] as never);
}

/** It does not speak the protocol that it is said to speak. */
export function speaksSomethingElse(name: string): StreamRefused {
  const { message, code } = new KithError('SERVICE_UNAVAILABLE', `The ${name} service does not take subscriptions.`);
  return new StreamRefused([{ message, extensions: { code } }] as never, { misconfigured: true });
}

/** Of an answer over HTTP that is no stream: of a status that is a refusal, or a result with errors. */
export function endByAnswer(name: string, status: number, text = ''): StreamLost | StreamRefused {
  if (status >= 500 || MAY_PASS.has(status)) return new StreamLost(`The ${name} service answers ${status}.`);
  const { errors } = readResult(text) ?? {};
  if (errors && errors.length > 0) return new StreamRefused(errors);
  if (status === 401) return refusedWith('UNAUTHENTICATED', `The ${name} service asks for a session: sign in.`);
  if (status === 403) return refusedWith('FORBIDDEN', `The ${name} service does not let you watch this.`);
  return speaksSomethingElse(name);
}

/** Too early, too many, too slow (https://www.rfc-editor.org/rfc/rfc9110#section-15.5). */
const MAY_PASS = new Set([408, 425, 429]);

/** undefined for what is no result of GraphQL's. */
export function readResult(text: string): StreamedResult | undefined {
  try {
    const result: unknown = JSON.parse(text);
    return isResult(result) ? result : undefined;
  } catch {
    return undefined;
  }
}

export function isResult(value: unknown): value is StreamedResult {
  if (typeof value !== 'object' || value === null) return false;
  const { data, errors } = value as { data?: unknown; errors?: unknown };
  if (errors !== undefined && !(Array.isArray(errors) && errors.every(isError))) return false;
  return errors !== undefined || (typeof data === 'object' && data !== null);
}

const isError = (error: unknown) =>
  typeof error === 'object' && error !== null && typeof (error as { message?: unknown }).message === 'string';
