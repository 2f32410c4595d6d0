/**
 * Request multiplexing: how a gateway asks a service for many operations over one connection. A WebSocket to the path of
 * the service's GraphQL endpoint, opened with the gateway's key. Every message is text of one or more lines; nobody waits
 * for one answer before the next question, and answers come in any order.
 *
 * The gateway sends a call, `{"id":1,"headers":{…},"body":{"query":…}}`, or takes it back, `{"id":1,"left":true}`. The
 * service answers with the id, a space, and the GraphQL result as JSON: `1 {"data":…}`; or says that it is about to
 * stop: `0 stop`, after which a gateway asks over another connection.
 */
export const MANY_CALLS_PROTOCOL = 'kith-calls.v1';

/** Of what is said by the service about the connection itself. */
export const ABOUT_THE_CONNECTION = 0;
export const STOPPING = 'stop';

/** A message longer than this is nobody's: the connection ends. */
export const MOST_BYTES_A_MESSAGE = 64 * 1024 * 1024;

export interface AskedCall {
  readonly id: number;
  /** As those of a request, by their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** As that of a request: `query`, `variables`, `operationName`. */
  readonly body: unknown;
}

/** @param body JSON, as `JSON.stringify` writes it: without line breaks */
export function writeCall(id: number, headers: Readonly<Record<string, string>>, body: string): string {
  return `{"id":${id},"headers":${JSON.stringify(headers)},"body":${body}}`;
}

export function writeLeft(id: number): string {
  return `{"id":${id},"left":true}`;
}

/** A call, or the id of one that nobody waits for any more; undefined when it is neither. */
export function readCall(line: string): AskedCall | { readonly left: number } | undefined {
  const call = parsed(line);
  if (typeof call !== 'object' || call === null) return undefined;
  const { id, left, headers, body } = call as Record<string, unknown>;
  if (typeof id !== 'number' || !Number.isSafeInteger(id) || id <= ABOUT_THE_CONNECTION) return undefined;
  if (left === true) return { left: id };
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return undefined;
  if (!Object.values(headers).every((value) => typeof value === 'string')) return undefined;
  return { id, headers: headers as Record<string, string>, body };
}

/** @param result JSON, as `JSON.stringify` writes it: without line breaks */
export function writeAnswer(id: number, result: string): string {
  return `${id} ${result}`;
}

/** undefined when it is no answer. */
export function readAnswer(line: string): { readonly id: number; readonly result: string } | undefined {
  const space = line.indexOf(' ');
  const id = Number(line.slice(0, space));
  return space > 0 && Number.isSafeInteger(id) ? { id, result: line.slice(space + 1) } : undefined;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
