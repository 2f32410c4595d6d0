import { CLIENT_ADDRESS_HEADER, configFields, GATEWAY_KEY_HEADER } from '@kith/service-kit';
import { z } from 'zod';

/** Headers that the gateway writes itself, that belong to one connection, or that are a secret of the client's alone. */
const NOT_FORWARDED = new Set([
  ...[GATEWAY_KEY_HEADER, CLIENT_ADDRESS_HEADER, 'authorization', 'traceparent', 'content-type', 'accept', 'cookie'],
  ...['host', 'content-length', 'connection', 'keep-alive', 'upgrade', 'transfer-encoding', 'te', 'trailer', 'expect'],
  ...['proxy-authorization', 'proxy-authenticate'],
]);

const headerName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'is no name of a header')
  .transform((name) => name.toLowerCase());
const ours = (name: string) => !NOT_FORWARDED.has(name);

const path = z.string().regex(/^\/[\x21-\x7e]*$/, 'must begin with a slash');

const listOfUrls = z
  .union([z.string(), z.array(z.string()).min(1)])
  // A WebSocket is opened by a request of HTTP to the same address.
  .transform((urls) =>
    [urls]
      .flat()
      .join(',')
      .replace(/(^|,)(\s*)ws(s?):/g, '$1$2http$3:'),
  )
  .pipe(configFields.httpUrls)
  .refine((urls) => urls.every((url) => new URL(url).pathname === '/'), 'must end with the port: `path` is the rest');

const subscriptions = z.strictObject({
  /** The one it speaks: server-sent events in distinct connections, or WebSocket. */
  protocol: z.enum(['graphql-sse', 'graphql-transport-ws'], {
    error: 'must be graphql-sse (distinct connections) or graphql-transport-ws',
  }),
  /** Where, if not where it answers queries. */
  urls: listOfUrls.exactOptional(),
  path: path.exactOptional(),
  /** How many a gateway has open there at most. */
  atMost: z.int().min(1).max(1_000_000).default(10_000),
});

const subgraph = z.strictObject({
  /** Where it listens: its processes, or a host name that stands for several addresses. */
  urls: listOfUrls,
  /** Where it answers GraphQL there. */
  path: path.default('/graphql'),
  /** Where it answers 200 while it can do its work. */
  readyPath: path.default('/ready'),
  /** Added to every request. */
  headers: z.record(headerName.refine(ours, 'is the gateway’s own'), z.string().regex(/^[\t\x20-\x7e]*$/)).default({}),
  /** Of the client's request, passed on. */
  forwardHeaders: z.array(headerName.refine(ours, 'is not passed on')).default([]),
  /** How long it is waited for; SUBGRAPH_TIMEOUT_MS without it. */
  timeoutMs: z.int().min(1).max(60_000).exactOptional(),
  /** Whether it is shown the gateway's key: who has the key may ask for everybody's lists. */
  gatewayKey: z.boolean().default(false),
  /** Whether it is given the viewer's access token, and their network address. */
  viewerToken: z.boolean().default(false),
  /** Whether many calls go to it over one connection: services made by the toolkit offer that. */
  multiplexed: z.boolean().default(false),
  /** How it offers subscriptions that are no live lists; without it, it has none. */
  subscriptions: subscriptions.exactOptional(),
  /** Whether it signs the access tokens: its keys, and the tokens that it has ended, are asked for. */
  signsTokens: z.boolean().default(false),
});

/** The content of SUBGRAPHS_FILE: each subgraph by the name that it is composed under. */
const subgraphsFile = z.strictObject({ subgraphs: z.record(z.string().min(1), subgraph) });

/** What is left out has its default. */
export type SubgraphSettings = Pick<z.output<typeof subgraph>, 'urls'> & Partial<z.output<typeof subgraph>>;
export type SubscriptionSettings = z.output<typeof subscriptions>;
/** By their names in lower case. */
export type SubgraphsSettings = ReadonlyMap<string, SubgraphSettings>;

/** Throws an Error that says what is wrong, and where. */
export function readSubgraphsSettings(text: string): SubgraphsSettings {
  const parsed = subgraphsFile.safeParse(parseJson(text));
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`);
    throw new Error(`The file of subgraphs cannot be used: ${problems.join('; ')}.`);
  }
  const settings = new Map<string, SubgraphSettings>();
  for (const [name, each] of Object.entries(parsed.data.subgraphs)) {
    if (settings.has(name.toLowerCase())) throw new Error(`The file of subgraphs has "${name}" twice.`);
    settings.set(name.toLowerCase(), each);
  }
  return settings;
}

/** Where tokens are signed, as URLs; throws when it is not said, or said twice. */
export function issuerUrlsOf(settings: SubgraphsSettings): readonly string[] {
  const issuers = [...settings.values()].filter(({ signsTokens }) => signsTokens);
  const [issuer] = issuers;
  if (issuers.length === 1 && issuer) return issuer.urls;
  throw new Error(`The file of subgraphs has ${issuers.length} with signsTokens: one signs the access tokens.`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`The file of subgraphs is no JSON: ${(cause as Error).message}.`, { cause });
  }
}
