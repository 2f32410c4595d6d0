import type { ListedRequest } from './list-state.ts';

/** Throws where one is no request: what stands in Redis may be anything. */
export function readRequests(json: readonly string[]): ListedRequest[] {
  return oldestFirst(json.map(readRequest));
}

function readRequest(json: string): ListedRequest {
  const request = JSON.parse(json) as Record<keyof ListedRequest, unknown> | null;
  const isOne =
    [request?.id, request?.fromId, request?.toId, request?.sentAt].every((text) => typeof text === 'string') &&
    (request?.message === null || typeof request?.message === 'string') &&
    !Number.isNaN(Date.parse(request.sentAt as string));
  if (!isOne) throw new TypeError('What stands among the requests is none.');
  return request as ListedRequest;
}

export function oldestFirst(requests: readonly ListedRequest[]): ListedRequest[] {
  return requests.toSorted((a, b) => Date.parse(a.sentAt) - Date.parse(b.sentAt) || (a.id < b.id ? -1 : 1));
}
