import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { Fields, ServiceAlwaysThere, ServiceName, ServiceOnRequest } from '@kith/services';

/** Where a running system's operator endpoints are, and the key that opens them. */
export type OperatorAccess = Fields<ServiceAlwaysThere, 'Url', string> &
  Partial<Fields<ServiceOnRequest, 'Url', string>> & { operatorKey: string };
export type OperatorService = ServiceName;

/** A service refused a call (`code` of its error), or did not answer (`SERVICE_UNAVAILABLE`). */
export class OperatorCallFailed extends Error {
  override name = 'OperatorCallFailed';
  readonly code: string;
  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

export type ImportedUser = { username: string; id: string };
export type ImportedFriendships = {
  bound: number;
  existing: number;
  failed: { index: number; code: string; message: string }[];
};

/** At most this many users or pairs per call. */
export const BATCH_SIZE = 1_000;
const BATCH_TIMEOUT_MS = 120_000;

/** Makes the users that do not exist yet, with one password; resolves to all of them and how many were made. */
export async function importUsers(
  access: OperatorAccess,
  users: { usernames: readonly string[]; nicknames?: readonly string[]; password: string },
): Promise<{ created: number; users: ImportedUser[] }> {
  return answerOf(access, 'user', '/operator/import-users', users);
}

/** Makes each pair of users friends, by the same rules and with the same events as `addFriend`. */
export async function importFriendships(
  access: OperatorAccess,
  pairs: readonly (readonly [string, string])[],
): Promise<ImportedFriendships> {
  return answerOf(access, 'friend', '/operator/import-friendships', { pairs });
}

/** A line of an edge list, as two users. */
export type InitialPair = readonly [line: number, oneId: string, otherId: string];

export type InitiallyImported = {
  bound: number;
  existing: number;
  failedCount: number;
  failed: { line: number; code: string; message: string }[];
};

/** At most this many pairs per call of `stageInitialPairs`. */
export const INITIAL_PORTION = 10_000;

/** Begins an import into an empty system; resolves to its id. Refused (NOT_ALLOWED) where anybody has a friend. */
export async function beginInitialImport(access: OperatorAccess): Promise<string> {
  return (await answerOf<{ import: string }>(access, 'friend', '/operator/initial-import', {})).import;
}

/** Sends some of its pairs, each line once, however often they are sent. */
export async function stageInitialPairs(
  access: OperatorAccess,
  importId: string,
  pairs: readonly InitialPair[],
): Promise<void> {
  await answerOf(access, 'friend', '/operator/initial-import/pairs', { import: importId, pairs });
}

type InitialImportLine =
  | { progress: { done: number; total: number } }
  | { refused: { code: string; message: string } }
  | { result: InitiallyImported };

/** Makes all pairs that were sent friends, or none of them, however long it takes. */
export async function finishInitialImport(
  access: OperatorAccess,
  { importId, pairs }: { importId: string; pairs: number },
  onProgress: (lists: number, of: number) => void,
): Promise<InitiallyImported> {
  const body = { import: importId, pairs };
  const path = '/operator/initial-import/lists';
  for await (const line of linesOf<InitialImportLine>(access, 'friend', path, body, { withinMs: undefined })) {
    if ('refused' in line) throw new OperatorCallFailed(line.refused.code, line.refused.message);
    if ('result' in line) return line.result;
    onProgress(line.progress.done, line.progress.total);
  }
  throw new OperatorCallFailed('SERVICE_UNAVAILABLE', 'The friend service broke off its answer.');
}

/** The status of a service's outbox, streams and consumers. */
export async function statusOf(
  access: OperatorAccess,
  service: OperatorService,
  withinMs = BATCH_TIMEOUT_MS,
): Promise<Record<string, unknown>> {
  const signal = AbortSignal.timeout(withinMs);
  return jsonIn(service, await call(access, service, '/operator/status', { signal }));
}

export interface ReconcileDifference {
  check: string;
  owner: string;
  revision?: number;
  eventId?: string;
  /** Of a difference from the stream: the stream whose owners' events are missing. */
  stream?: string;
  detail: string;
}

export type ReconcileLine =
  | { progress: { check: string; done: number; total: number } }
  | { difference: ReconcileDifference }
  | { result: { checked: Record<string, number>; differences: number } };

/** Makes a service compare its copies of data; yields its report line by line as it works. */
export async function* reconcile(access: OperatorAccess, service: OperatorService): AsyncGenerator<ReconcileLine> {
  yield* linesOf<ReconcileLine>(access, service, '/operator/reconcile');
}

/** Calls an endpoint that answers one JSON object; with a body it is a POST. */
export async function answerOf<Answer>(
  access: OperatorAccess,
  service: OperatorService,
  path: string,
  body?: object,
): Promise<Answer> {
  const signal = AbortSignal.timeout(BATCH_TIMEOUT_MS);
  return jsonIn(service, await call(access, service, path, { signal, ...(body && { body }) }));
}

async function jsonIn<Answer>(service: OperatorService, response: Response): Promise<Answer> {
  try {
    return (await response.json()) as Answer;
  } catch (error) {
    throw new OperatorCallFailed('SERVICE_UNAVAILABLE', `The ${service} service broke off its answer.`, error);
  }
}

/** Calls an endpoint that streams its answer line by line. */
export async function* linesOf<Line>(
  access: OperatorAccess,
  service: OperatorService,
  path: string,
  body?: object,
  // Of an answer that goes on for as long as somebody reads it, only a call with a body has a time limit.
  { withinMs }: { withinMs: number | undefined } = { withinMs: body && BATCH_TIMEOUT_MS },
): AsyncGenerator<Line> {
  const within = { ...(body && { body }), ...(withinMs !== undefined && { signal: AbortSignal.timeout(withinMs) }) };
  const response = await call(access, service, path, within);
  if (!response.body) throw new OperatorCallFailed('SERVICE_UNAVAILABLE', `The ${service} service answered nothing.`);
  try {
    const lines = createInterface({ input: Readable.fromWeb(response.body as ReadableStream) });
    for await (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as Line;
  } catch (error) {
    throw new OperatorCallFailed('SERVICE_UNAVAILABLE', `The ${service} service broke off its answer.`, error);
  }
}

async function call(
  access: OperatorAccess,
  service: OperatorService,
  path: string,
  { body, signal }: { body?: object; signal?: AbortSignal },
): Promise<Response> {
  const base = access[`${service}Url`];
  if (base === undefined)
    throw new OperatorCallFailed('SERVICE_UNAVAILABLE', `The ${service} service was not started.`);
  let response: Response;
  try {
    response = await fetch(`${base}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${access.operatorKey}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
  } catch (error) {
    throw new OperatorCallFailed('SERVICE_UNAVAILABLE', `The ${service} service does not answer at ${base}.`, error);
  }
  if (response.ok) return response;
  const { code, message } = errorIn(await response.text());
  throw new OperatorCallFailed(
    code ?? `HTTP_${response.status}`,
    `The ${service} service refused ${path} (${response.status}): ${message}`,
  );
}

function errorIn(text: string): { code?: string; message: string } {
  try {
    const [error] = (JSON.parse(text) as { errors: { message: string; extensions?: { code?: string } }[] }).errors;
    return { ...(error?.extensions?.code && { code: error.extensions.code }), message: error?.message ?? text };
  } catch {
    return { message: text.slice(0, 300) };
  }
}
