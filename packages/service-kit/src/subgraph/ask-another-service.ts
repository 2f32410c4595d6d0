import { fetchFromReplicas } from '../http/fetch-from-replicas.ts';
import { type SharedSecret, shownSecret } from '../identity/same-secret.ts';
import { currentTraceparent } from '../telemetry/trace-context.ts';
import { GATEWAY_KEY_HEADER } from './subgraph-server.ts';

/**
 * Queries another service on behalf of this one: POST with the gateway's key and no viewer, in the current trace.
 * Read-only, so it fails over to the next replica. Resolves with the JSON, whatever its status; rejects when none came
 * within `withinMs`.
 *
 * @param baseUrls of its replicas
 */
export async function askAnotherService(
  baseUrls: readonly string[],
  path: string,
  asked: { readonly gatewayKey: SharedSecret; readonly body: unknown; readonly withinMs: number },
): Promise<{ readonly ok: boolean; readonly status: number; readonly json: unknown }> {
  const traceparent = currentTraceparent();
  const response = await fetchFromReplicas(baseUrls, path, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      [GATEWAY_KEY_HEADER]: shownSecret(asked.gatewayKey),
      ...(traceparent ? { traceparent } : {}),
    },
    body: JSON.stringify(asked.body),
    withinMs: asked.withinMs,
  });
  return { ok: response.ok, status: response.status, json: await response.json() };
}
