import * as fc from 'fast-check';
import { buildClientSchema, getIntrospectionQuery } from 'graphql';
import { dataOf } from '../people/ask-gateway.ts';
import { makeFriends, readPage } from '../people/friend-operations.ts';
import { signUp } from '../people/person.ts';
import type { SystemForTest } from '../system/start-system-for-test.ts';
import { hostileOperation } from './write-hostile-operation.ts';
import { anyOperation, type RandomOperation } from './write-operation.ts';

export interface FuzzResult {
  readonly operations: number;
  /** How often each code came, and how often there was no error. */
  readonly codes: Readonly<Record<string, number>>;
  /** Resident memory of each process after the first third and at the end, in MB. */
  readonly memoryMb: Readonly<Record<string, { readonly early: number; readonly late: number }>>;
}

const AT_ONCE = 8;
/** Nothing of the inside may be seen. */
const INSIDE = /postgres|prisma|node_modules|\.ts:\d|ECONN|undefined is not|cannot read propert|\bat \w+ \(/i;
const STREAMS = /^[^{]*\bsubscription Hostile\b/;
/** A service that is away says so; here none is. */
const NEVER = new Set(['INTERNAL_SERVER_ERROR', 'SERVICE_UNAVAILABLE', 'undefined']);

/**
 * Sends so many random operations and holds each to this: an answer in GraphQL's shape, a status below 500, a public
 * code on every error, and nothing of the inside in any message. Throws with the smallest operation that fast-check
 * finds and the seed to find it again.
 */
export async function fuzzGateway(system: SystemForTest, count: number, seed?: number): Promise<FuzzResult> {
  const [gatewayUrl] = system.gatewayUrls as [string];
  const schema = buildClientSchema(await dataOf(gatewayUrl, { query: getIntrospectionQuery() }));
  const [ann, bob, carl] = await Promise.all(['ann', 'bob', 'carl'].map((name) => signUp(gatewayUrl, name)));
  await makeFriends(ann!, bob!);
  const { listCursor } = await readPage(ann!);
  const known = {
    ids: [ann!.id, bob!.id, carl!.id, '01970000-0000-7000-8000-000000000000'],
    cursors: [listCursor, 'x', ''],
  };

  const codes: Record<string, number> = {};
  let done = 0;
  let early: Record<string, number> | undefined;
  const check = async (operation: RandomOperation) => {
    for (const code of await codesOf(gatewayUrl, operation, ann!.token)) codes[code] = (codes[code] ?? 0) + 1;
    done += 1;
    if (early === undefined && done >= count / 3) early = await memoryOf(system);
  };
  const operation = fc.oneof(
    { weight: 2, arbitrary: anyOperation(schema, known) },
    { weight: 1, arbitrary: hostileOperation(schema, known) },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(operation, { minLength: AT_ONCE, maxLength: AT_ONCE }),
      async (operations) => void (await Promise.all(operations.map(check))),
    ),
    { numRuns: Math.ceil(count / AT_ONCE), ...(seed !== undefined && { seed }) },
  );
  const late = await memoryOf(system);
  const memoryMb = Object.fromEntries(
    Object.keys(late).map((name) => [name, { early: early![name]!, late: late[name]! }]),
  );
  return { operations: done, codes, memoryMb };
}

async function codesOf(gatewayUrl: string, { query, variables, signedIn }: RandomOperation, token: string) {
  const response = await fetch(`${gatewayUrl}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(signedIn && { authorization: `Bearer ${token}` }),
      ...(STREAMS.test(query) && { accept: 'text/event-stream' }),
    },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(15_000),
  });
  const text = STREAMS.test(query) ? await firstResultOf(response) : await response.text();
  const { data, errors } = JSON.parse(text) as {
    data?: unknown;
    errors?: { message: string; extensions?: { code?: string } }[];
  };
  const codes = (errors ?? []).map(({ extensions }) => String(extensions?.code));
  const wrong =
    response.status >= 500 ||
    (data === undefined && errors === undefined) ||
    codes.some((code) => NEVER.has(code)) ||
    (errors ?? []).some(({ message }) => INSIDE.test(message));
  if (wrong)
    throw new Error(`${response.status} ${text.slice(0, 500)}\n${JSON.stringify({ query, variables, signedIn })}`);
  return codes.length === 0 ? ['none'] : codes;
}

/** What a stream of server-sent events begins with; then it is left. */
async function firstResultOf(response: Response): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    const [, result] = /^data: (.+)\n/m.exec(text) ?? [];
    if (result !== undefined) return result;
  }
  return text;
}

async function memoryOf({ gateways, user, friend }: SystemForTest): Promise<Record<string, number>> {
  const processes = { gateway: gateways[0]!, user, friend };
  const entries = Object.entries(processes).map(async ([name, { url }]) => {
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const bytes = Number(/^process_resident_memory_bytes (\S+)/m.exec(metrics)?.[1]);
    return [name, Math.round(bytes / 1024 / 1024)] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
