import { KithError, type Logger, type TokenVerifier } from '@kith/service-kit';
import { type ExecutionArgs, GraphQLError, type subscribe } from 'graphql';
import type { SubscribePayload } from 'graphql-ws';
import type { Edge } from './admission/guard-edge.ts';
import type { SocketState } from './admit-socket.ts';
import { contextOfRequest } from './context-of-request.ts';
import type { GatewayContext } from './gateway-context.ts';
import { type GatewayYoga, maskError, withPublicCode } from './gateway-yoga.ts';
import { PushedList } from './live/push-to-socket.ts';

/** Yoga's own execution, with all that is plugged into it, travels with the operation as its root value. */
type Envelope = Pick<ReturnType<GatewayYoga['getEnveloped']>, 'execute' | 'subscribe'>;

export const executeInEnvelope = (args: ExecutionArgs) => (args.rootValue as Envelope).execute(args);

export async function subscribeInEnvelope(args: ExecutionArgs, log: Logger) {
  const result: unknown = await (args.rootValue as Envelope).subscribe(args);
  return (result instanceof PushedList ? endOf(result, log) : result) as ReturnType<typeof subscribe>;
}

/** What graphql-ws iterates over: it yields nothing, and ends with the list. */
function endOf(pushed: PushedList, log: Logger): AsyncIterableIterator<never, undefined> {
  return {
    next: () =>
      pushed.untilEnd().catch((error: unknown) => {
        throw maskError(error, log);
      }),
    async return() {
      pushed.leave();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** The operation, parsed, valid and with its context; or the errors that the client gets instead of an answer. */
export async function prepareOperation(
  socket: SocketState,
  /** `running`: how many operations the socket has, this one included. */
  { id, running }: { id: string; running: number },
  payload: SubscribePayload,
  options: { yoga: () => GatewayYoga; verify: TokenVerifier; headersInOperations: boolean; edge: Edge },
): Promise<ExecutionArgs | readonly GraphQLError[]> {
  try {
    if (running > options.edge.operationsPerSocket) throw tooMany(options.edge.operationsPerSocket);
    const context = await contextOfOperation(socket, payload, options);
    const enveloped = options.yoga().getEnveloped({ ...context, push: { frames: socket.frames, operationId: id } });
    const document = enveloped.parse(options.edge.trustedDocuments.textOf(payload));
    const errors: readonly GraphQLError[] = enveloped.validate(enveloped.schema, document);
    if (errors.length > 0) return errors.map(withoutHttp);
    return {
      schema: enveloped.schema,
      document,
      operationName: payload.operationName ?? null,
      variableValues: payload.variables ?? null,
      contextValue: await enveloped.contextFactory(),
      rootValue: { execute: enveloped.execute, subscribe: enveloped.subscribe } satisfies Envelope,
    };
  } catch (error) {
    if (error instanceof KithError)
      return [new GraphQLError(error.message, { extensions: { code: error.code, ...error.extensions } })];
    if (error instanceof GraphQLError) return [withoutHttp(error)];
    throw error;
  }
}

function tooMany(limit: number): KithError {
  return new KithError('RATE_LIMITED', `At most ${limit} operations at a time on one socket: end one first.`, {
    limit,
    retryAfterMs: 1_000,
  });
}

/** What yoga adds for an answer over HTTP has no meaning here. */
function withoutHttp(error: GraphQLError): GraphQLError {
  delete withPublicCode(error).extensions.http;
  return error;
}

/** The socket's; or, from GraphiQL, what the headers say that were typed beside the operation. */
async function contextOfOperation(
  socket: SocketState,
  { extensions }: SubscribePayload,
  { verify, headersInOperations }: { verify: TokenVerifier; headersInOperations: boolean },
): Promise<GatewayContext> {
  const authorization = headersInOperations ? headerIn(extensions?.headers, 'authorization') : undefined;
  if (authorization === undefined) return socket.context!;
  const { traceparent, clientAddress } = socket;
  return contextOfRequest(verify, { authorization, traceparent, clientAddress });
}

function headerIn(headers: unknown, name: string): string | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined;
  const [, value] = Object.entries(headers).find(([key]) => key.toLowerCase() === name) ?? [];
  return typeof value === 'string' ? value : undefined;
}
