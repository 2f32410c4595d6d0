import { newTraceparent, readTraceparent, type TokenVerifier } from '@kith/service-kit';
import type { GatewayContext } from './gateway-context.ts';

/**
 * Who asks and in which trace, from what the request brought along. Throws KithError UNAUTHENTICATED for a token that is
 * not good, SERVICE_UNAVAILABLE when tokens cannot be checked now.
 */
export async function contextOfRequest(
  verify: TokenVerifier,
  {
    authorization,
    traceparent,
    clientAddress,
    forwarded,
    events,
  }: {
    authorization?: string | undefined;
    traceparent?: string | undefined;
    clientAddress: string;
    forwarded?: Readonly<Record<string, string>> | undefined;
    events?: GatewayContext['events'];
  },
): Promise<GatewayContext> {
  return {
    viewer: await verify(authorization),
    authorization,
    // Over HTTP the request's own span: what the services do is below it.
    traceparent: traceparent !== undefined && readTraceparent(traceparent) ? traceparent : newTraceparent(),
    clientAddress,
    ...(forwarded && { forwarded }),
    ...(events && { events }),
  };
}

/** Of a request's headers those of these names; undefined when there are none, as a rule. */
export function forwardedHeaders(
  names: readonly string[],
  headerOf: (name: string) => string | null | undefined,
): Readonly<Record<string, string>> | undefined {
  if (names.length === 0) return undefined;
  const values = names.flatMap((name) => {
    const value = headerOf(name);
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  return values.length === 0 ? undefined : Object.fromEntries(values);
}
