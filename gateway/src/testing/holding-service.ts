import {
  createLog,
  createSubgraphServer,
  createTokenVerifier,
  type HttpServer,
  type SubgraphContext,
  startHttpServer,
} from '@kith/service-kit';
import { GraphQLInt, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true });
const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'EdDSA' }] };
const log = createLog({ name: 'test', level: 'silent' });

/** A token that these services accept, of `ann`. */
export const tokenThatExpires = (time: string) =>
  new SignJWT({ sid: 's' })
    .setProtectedHeader({ alg: 'EdDSA', kid: 'k' })
    .setIssuedAt()
    .setIssuer('kith')
    .setAudience('kith')
    .setSubject('ann')
    .setExpirationTime(time)
    .sign(privateKey);

/** A process of a service whose answers a test holds back, and what it has seen. */
export class HoldingService {
  readonly name: string;
  http!: HttpServer;
  connections = 0;
  /** Of calls for `held`: what answers them, and whether nobody waits for them any more. */
  readonly held: { answer: () => void; gone: AbortSignal }[] = [];

  constructor(name: string) {
    this.name = name;
  }

  async start(): Promise<this> {
    const held = {
      type: GraphQLString,
      resolve: (_root: unknown, _args: unknown, { callerGone }: SubgraphContext) =>
        new Promise((resolve) => this.held.push({ answer: () => resolve(this.name), gone: callerGone() })),
    };
    const schema = new GraphQLSchema({
      query: new GraphQLObjectType<unknown, SubgraphContext>({
        name: 'Query',
        fields: {
          name: { type: GraphQLString, resolve: () => this.name },
          echo: {
            type: GraphQLString,
            args: { text: { type: GraphQLString } },
            resolve: (_root, { text }: { text: string }) => text,
          },
          viewer: { type: GraphQLString, resolve: (_root, _args, { viewer }) => viewer?.userId ?? null },
          address: { type: GraphQLString, resolve: (_root, _args, { clientAddress }) => clientAddress },
          broken: { type: GraphQLInt, resolve: () => Promise.reject(new Error('a secret')) },
          held,
        },
      }),
      mutation: new GraphQLObjectType<unknown, SubgraphContext>({ name: 'Mutation', fields: { held } }),
    });
    const graphql = createSubgraphServer({
      ...{ schema, gatewayKey: 'key', log },
      verify: createTokenVerifier({ jwks }),
      contextFor: (request) => request,
    });
    this.http = await startHttpServer({
      ...{ host: '127.0.0.1', port: 0, log },
      ready: () => ({ ready: true, uses: {} }),
      routes: { '/graphql': graphql },
    });
    this.http.server.on('connection', () => {
      this.connections += 1;
    });
    return this;
  }

  get url(): string {
    return this.http.url;
  }

  answerAll(): void {
    for (const { answer } of this.held.splice(0)) answer();
  }
}
