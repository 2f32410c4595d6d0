import { type GraphQLFieldResolver, subscribe } from 'graphql';
import type { AnswerSubscription } from '../federate.ts';
import type { GatewayContext } from '../gateway-context.ts';
import type { OpenLiveList } from './open-live-list.ts';

/**
 * The long way to answer `friendListChanged`: each change executed over the object that was announced, and what that
 * does not hold joined by the federation.
 */
export function subscribeToChanges(openLiveList: OpenLiveList): AnswerSubscription {
  return (request, schema) =>
    subscribe({
      schema,
      document: request.document,
      variableValues: request.variables ?? {},
      operationName: request.operationName ?? null,
      contextValue: request.context,
      subscribeFieldResolver: (_root, { after }: { after?: string | null }, context: GatewayContext) =>
        openLiveList(after ?? null, context),
      fieldResolver: resolveAnnounced,
    }) as ReturnType<AnswerSubscription>;
}

/** The announced object is the value of whatever field was subscribed to, under whatever alias. */
const resolveAnnounced: GraphQLFieldResolver<unknown, GatewayContext> = (source, _args, _context, info) =>
  info.path.prev === undefined ? source : (source as Record<string, unknown>)[info.fieldName];
