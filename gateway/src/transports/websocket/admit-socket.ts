import { KithError, type TokenVerifier } from '@kith/service-kit';
import { CloseCode, type Context } from 'graphql-ws';
import type { WebSocket } from 'ws';
import type { Edge } from '../../admission/guard-edge.ts';
import type { SessionEnds } from '../../live/session-ends.ts';
import { contextOfRequest } from '../../request/context-of-request.ts';
import type { GatewayContext } from '../../request/gateway-context.ts';
import { closeSoon, TRY_AGAIN_LATER } from './keep-socket-honest.ts';
import type { FrameWriter } from './write-frames.ts';

/** A header's name is in any case (https://www.rfc-editor.org/rfc/rfc9110#section-5.1); as it is written here counts first. */
export function valueIn(headers: unknown, name: string): unknown {
  if (typeof headers !== 'object' || headers === null) return undefined;
  if (Object.hasOwn(headers, name)) return (headers as Record<string, unknown>)[name];
  return Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
}

/** What is kept for an open socket. */
export interface SocketState {
  readonly socket: WebSocket;
  readonly frames: FrameWriter;
  readonly traceparent?: string;
  /** Headers of its request that services are given. */
  readonly forwarded?: Readonly<Record<string, string>>;
  readonly clientAddress: string;
  /** Whose socket it is, once it is admitted. */
  context?: GatewayContext;
  session?: { stop(): void };
  /** Among the sockets that the user may have. */
  place?: { giveBack(): void };
}

/**
 * Decides at `connection_init` whose socket this is: `connectionParams.authorization`, or `authorization` among its
 * `headers`, is the header's text, its name in any case; without it nobody's. False closes it with 4403 "Forbidden". From then on the socket is closed when its session ends.
 */
export async function admitSocket(
  { connectionParams, extra: state }: Context<Record<string, unknown>, SocketState>,
  { verify, sessionEnds, edge }: { verify: TokenVerifier; sessionEnds: SessionEnds; edge: Edge },
): Promise<boolean> {
  const authorization =
    valueIn(connectionParams, 'authorization') ?? valueIn(valueIn(connectionParams, 'headers'), 'authorization');
  if (authorization !== undefined && typeof authorization !== 'string') return false;
  try {
    const context = await contextOfRequest(verify, {
      authorization,
      traceparent: state.traceparent,
      clientAddress: state.clientAddress,
      forwarded: state.forwarded,
    });
    state.context = { ...context, socketWatchesSession: context.viewer !== null };
    if (context.viewer && state.socket.readyState === state.socket.OPEN) {
      const place = edge.openPerUser.take(context.viewer.userId);
      if (place) state.place = place;
      else closeSoon(state.socket, TRY_AGAIN_LATER, 'Too many sockets of one user');
      state.session = sessionEnds.watch(context.viewer, (why) =>
        closeSoon(state.socket, CloseCode.Forbidden, why.message),
      );
    }
  } catch (error) {
    if (!(error instanceof KithError)) throw error;
    if (error.code === 'UNAUTHENTICATED' || error.code === 'SESSION_ENDED') return false;
    closeSoon(state.socket, TRY_AGAIN_LATER, error.message);
  }
  return true;
}
