import { KithError, type Logger, present, type TokenVerifier } from '@kith/service-kit';
import { type ExecutionArgs, type ExecutionResult, GraphQLError, getOperationAST, type subscribe } from 'graphql';
import type { OperationResult, SubscribePayload } from 'graphql-ws';
import type { Edge } from '../../admission/guard-edge.ts';
import { PushedList } from '../../live/push-to-socket.ts';
import { contextOfRequest } from '../../request/context-of-request.ts';
import type { GatewayContext } from '../../request/gateway-context.ts';
import { type GatewayYoga, maskError, withPublicCode } from '../gateway-yoga.ts';
import { type SocketState, valueIn } from './admit-socket.ts';

/** Yoga's own execution, with all that is plugged into it, travels with the operation as its root value. */
type Envelope = Pick<ReturnType<GatewayYoga['getEnveloped']>, 'execute' | 'subscribe'>;

/** A bulkhead: whatever goes wrong with one operation is an answer to that one, and the socket lives on. */
export async function executeInEnvelope(args: ExecutionArgs, log: Logger): Promise<ExecutionResult> {
  try {
    return await (args.rootValue as Envelope).execute(args);
  } catch (error) {
    return { errors: [maskError(error, log)] };
  }
}

export async function subscribeInEnvelope(args: ExecutionArgs, log: Logger) {
  try {
    const result: unknown = await (args.rootValue as Envelope).subscribe(args);
    return (result instanceof PushedList ? endOf(result, log) : result) as ReturnType<typeof subscribe>;
  } catch (error) {
    return { errors: [maskError(error, log)] };
  }
}

/** A request error (https://spec.graphql.org/October2021/#sec-Errors.Request-errors), on its way through graphql-ws. */
class Refused extends Error {
  readonly errors: readonly GraphQLError[];
  constructor(errors: readonly GraphQLError[]) {
    super('The operation was not run.');
    this.errors = errors;
  }
}

/** An operation that was not run is answered by an `error`, as one that is not valid is, and by nothing after it. */
export function refuseWhatWasNotRun(result: OperationResult): OperationResult {
  if (!('errors' in result) || !result.errors) return result;
  for (const error of result.errors) withoutHttp(error);
  if ('data' in result && result.data !== undefined) return result;
  const refused = new Refused(result.errors);
  return {
    next: () => Promise.reject(refused),
    async return() {
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  } as AsyncIterableIterator<never>;
}

/** What an `error` says: all that is wrong with the operation. */
export function errorsTold(errors: readonly GraphQLError[]) {
  const [{ originalError } = {}] = errors as [GraphQLError?];
  return (originalError instanceof Refused ? originalError.errors : errors).map((error) => error.toJSON());
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
  options: { yoga: () => GatewayYoga; verify: TokenVerifier; headersInOperations: boolean; edge: Edge; log: Logger },
): Promise<ExecutionArgs | readonly GraphQLError[]> {
  try {
    if (running > options.edge.operationsPerSocket) throw tooMany(options.edge.operationsPerSocket);
    const context = await contextOfOperation(socket, payload, options);
    const enveloped = options.yoga().getEnveloped({ ...context, push: { frames: socket.frames, operationId: id } });
    const document = enveloped.parse(options.edge.trustedDocuments.textOf(payload));
    const errors: readonly GraphQLError[] = enveloped.validate(enveloped.schema, document);
    if (errors.length > 0) return errors.map(withoutHttp);
    if (!getOperationAST(document, payload.operationName)) return [noSuchOperation()];
    return {
      schema: enveloped.schema,
      document,
      operationName: payload.operationName ?? null,
      variableValues: payload.variables ?? null,
      contextValue: await enveloped.contextFactory(),
      rootValue: { execute: enveloped.execute, subscribe: enveloped.subscribe } satisfies Envelope,
    };
  } catch (error) {
    return [withoutHttp(maskError(error, options.log))];
  }
}

function noSuchOperation(): GraphQLError {
  const message =
    'Say by "operationName" which operation of the document is meant: it has none, or several, of that name.';
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });
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
  const authorization = headersInOperations ? valueIn(extensions?.headers, 'authorization') : undefined;
  if (typeof authorization !== 'string') return present(socket.context, 'a socket that was admitted has a context');
  const { traceparent, clientAddress, forwarded } = socket;
  return contextOfRequest(verify, { authorization, traceparent, clientAddress, forwarded });
}
