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
  }: { authorization?: string | undefined; traceparent?: string | undefined; clientAddress: string },
): Promise<GatewayContext> {
  return {
    viewer: await verify(authorization),
    authorization,
    // Over HTTP the request's own span: what the services do is below it.
    traceparent: traceparent !== undefined && readTraceparent(traceparent) ? traceparent : newTraceparent(),
    clientAddress,
  };
}
