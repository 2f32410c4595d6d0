import { GATEWAY_KEY_HEADER } from '@kith/service-kit';
import { z } from 'zod';
import type { SubgraphSettings } from '../settings/subgraph-settings.ts';

/** A subgraph does not tell its schema; the message names it. */
export class SubgraphSilent extends Error {
  override name = 'SubgraphSilent';
  readonly code = 'SUBGRAPH_SILENT';
}

const answer = z.object({ data: z.object({ _service: z.object({ sdl: z.string().min(1) }) }) });
const ASK_WITHIN_MS = 10_000;

/**
 * Asks a running subgraph for its schema (`_service { sdl }` of the federation specification): its processes one after
 * the other, until one answers.
 *
 * @throws {SubgraphSilent}
 */
export async function askSubgraph(
  name: string,
  { urls, path = '/graphql', headers, gatewayKey }: SubgraphSettings,
  key: string | undefined,
): Promise<string> {
  let why = 'it has no address';
  for (const url of urls) {
    try {
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: {
          ...headers,
          'content-type': 'application/json',
          ...(gatewayKey && key !== undefined && { [GATEWAY_KEY_HEADER]: key }),
        },
        body: JSON.stringify({ query: '{ _service { sdl } }' }),
        signal: AbortSignal.timeout(ASK_WITHIN_MS),
      });
      const text = await response.text();
      const read = answer.safeParse(parseJson(text));
      if (read.success) return read.data.data._service.sdl;
      why = `${url} answers ${response.status}: ${text.slice(0, 200)}`;
    } catch (error) {
      const { message, cause } = error as Error;
      why = `${url}: ${cause instanceof Error ? cause.message : message}`;
    }
  }
  throw new SubgraphSilent(`The subgraph "${name}" does not tell its schema (${why}).`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
