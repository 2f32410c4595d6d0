import { join } from 'node:path';
import { type RunningSystem, startSystem } from '@kith/local';
import { freePort } from '@kith/local-servers';
import { Pool } from 'undici';
import { keepPace } from '../load/keep-pace.ts';
import { startHelper } from '../processes/helper-process.ts';
import type { Figure, Measurement } from '../report/measurement.ts';
import { percentile } from '../report/percentile.ts';
import { signTokens } from '../system/sign-tokens.ts';
import { befriend, makeUsers } from '../system/talk-to-system.ts';

const FRIENDS = 20;
const KNOWN_PER_SECOND = 60;
const UNSEEN_PER_SECOND = 6;
const ROUNDS = 4;
const ROUND_S = 15;
const WARM_UP_S = 10;
/** In each round with hostile documents, which ends two processes each, so that more than a hundred end in a minute. */
const HOSTILE_IN_ROUND = 14;
const PLANNERS_KILLED_AT_LEAST = 100;
/** What ends native code, in turn. */
const FAULTS = ['aborts', 'overflows', 'exits', 'eats', 'aborts', 'loops'];
const MOST_DEARER_MS = 5;

const KNOWN = '{ me { nickname friends(first: 10) { edges { node { remark user { id nickname } } } } } }';

export const measureHostileDocuments: Measurement = {
  name: 'hostile-documents',
  title: 'Hostile documents',
  onlyByName: true,
  explained: `${KNOWN_PER_SECOND} operations a second of a known document and ${UNSEEN_PER_SECOND} of documents that nobody has sent before, from honest clients, half of whom were never there before: for a minute undisturbed, and for a minute in which ${HOSTILE_IN_ROUND * ROUNDS} hostile documents each end a process of the planner (a crash, an overflow, an endless loop, more and more memory), half of them from senders whose documents were good until then; in ${ROUNDS} rounds of ${ROUND_S} s in turn. All errors of honest clients count.`,

  async run({ folder, started, step }) {
    step('starting a system');
    const system = await startSystem({ kithData: folder, durable: true, gateways: 0 });
    started.defer(() => system.stop());
    const gateway = await startGatewayWithFaults(system, folder, started);
    const [viewer, ...friends] = await makeUsers(system, 'reader', FRIENDS + 1);
    await befriend(
      system,
      friends.map((friend) => [viewer!, friend]),
    );
    const [token] = await signTokens(folder, [viewer!]);
    const clients = honestClients(gateway, { userId: viewer!, token: token! });

    step('warming up');
    await clients.ask(WARM_UP_S);
    const phases = { undisturbed: { tookMs: [], failures: [] }, hostile: { tookMs: [], failures: [] } } as Phases;
    const killedBefore = await gateway.plannersEnded();
    for (let round = 1; round <= ROUNDS; round += 1) {
      step(`round ${round} of ${ROUNDS}, undisturbed`);
      add(phases.undisturbed, await clients.ask(ROUND_S));
      step(`round ${round} of ${ROUNDS}, with hostile documents`);
      const hostile = sendHostile(gateway);
      add(phases.hostile, await clients.ask(ROUND_S));
      await hostile;
    }
    const killed = (await gateway.plannersEnded()) - killedBefore;
    if (killed < PLANNERS_KILLED_AT_LEAST) throw new Error(`Only ${killed} processes of the planner have ended.`);
    return figuresOf(phases, killed);
  },
};

interface Phase {
  readonly tookMs: number[];
  readonly failures: string[];
}
type Phases = Readonly<Record<'undisturbed' | 'hostile', Phase>>;

function add(phase: Phase, { tookMs, failures }: Phase): void {
  phase.tookMs.push(...tookMs);
  phase.failures.push(...failures);
}

function figuresOf({ undisturbed, hostile }: Phases, killed: number): Figure[] {
  for (const failure of new Set([...undisturbed.failures, ...hostile.failures])) {
    process.stderr.write(`an honest client was answered: ${failure.slice(0, 300)}\n`);
  }
  const at = (p: number, { tookMs }: Phase) => percentile(tookMs, p);
  const beside = (p: number) => [{ what: `undisturbed, p${p}`, value: at(p, undisturbed) }];
  return [
    { what: 'honest operation, p50', value: at(50, hostile), unit: 'ms', beside: beside(50) },
    { what: 'honest operation, p99', value: at(99, hostile), unit: 'ms', beside: beside(99) },
    {
      what: `dearer at p99 while ${killed} planners are killed`,
      value: at(99, hostile) - at(99, undisturbed),
      unit: 'ms',
      goal: { atMost: MOST_DEARER_MS },
    },
    {
      what: `errors in ${hostile.tookMs.length.toLocaleString('en')} honest operations`,
      value: hostile.failures.length,
      unit: 'errors',
      goal: { atMost: 0 },
    },
    {
      what: 'errors while undisturbed',
      value: undisturbed.failures.length,
      unit: 'errors',
    },
  ];
}

interface Gateway {
  /** Answers the codes of its errors, comma-separated, or what is no answer of GraphQL. */
  ask(query: string, from: { address: string; token?: string }): Promise<string>;
  plannersEnded(): Promise<number>;
}

async function startGatewayWithFaults(
  system: RunningSystem,
  folder: string,
  started: AsyncDisposableStack,
): Promise<Gateway> {
  const helper = started.use(startHelper(new URL('../system/gateway-with-planner-faults.ts', import.meta.url)));
  const url = await helper.ask<string>('serve', {
    PORT: String(await freePort()),
    NATS_URL: system.access.gateway.natsUrl,
    GATEWAY_KEY: system.gatewayKey,
    USER_URL: system.user.url,
    FRIEND_URL: system.friend.url,
    SUPERGRAPH_FILE: join(folder, 'supergraph.graphql'),
    // Each client has an address of its own.
    TRUSTED_PROXIES: 'loopback',
  });
  const pool = new Pool(url, { connections: 64 });
  started.defer(() => pool.destroy());
  return {
    async ask(query, { address, token }) {
      const { statusCode, body } = await pool.request({
        path: '/graphql',
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-forwarded-for': address,
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify({ query }),
      });
      const text = await body.text();
      const { errors = [] } = JSON.parse(text) as { errors?: { extensions?: { code?: string } }[] };
      return errors.length === 0 && statusCode !== 200
        ? `${statusCode} ${text}`
        : errors.map((error) => error.extensions?.code ?? JSON.stringify(error)).join(',');
    },
    async plannersEnded() {
      const text = await (await pool.request({ path: '/metrics', method: 'GET' })).body.text();
      return Number(/^kith_planner_ends_total (\d+)/m.exec(text)?.[1] ?? 0);
    },
  };
}

let written = 0;
/** Nobody has sent it before. */
function unseen(userId: string, alias = 'honest'): string {
  written += 1;
  return `{ user(id: "${userId}") { ${alias}${written}: username } }`;
}
/** Nobody has sent anything from it before. */
function newAddress(): string {
  written += 1;
  return `10.${(written >> 16) & 255}.${(written >> 8) & 255}.${written & 255}`;
}

function honestClients(gateway: Gateway, { userId, token }: { userId: string; token: string }) {
  return {
    /** For so many seconds, whether or not what they asked before is answered. */
    async ask(seconds: number): Promise<Phase> {
      const phase: Phase = { tookMs: [], failures: [] };
      const asked: Promise<void>[] = [];
      const ask = async (query: string, from: { address: string; token?: string }) => {
        const startedAt = performance.now();
        const failed = await gateway.ask(query, from).catch(String);
        phase.tookMs.push(performance.now() - startedAt);
        if (failed !== '') phase.failures.push(failed);
      };
      await Promise.all([
        keepPace(KNOWN_PER_SECOND, seconds, () => void asked.push(ask(KNOWN, { address: '192.0.2.1', token }))),
        keepPace(UNSEEN_PER_SECOND, seconds, (index) => {
          const address = index % 2 === 0 ? '192.0.2.2' : newAddress();
          asked.push(ask(unseen(userId), { address, token }));
        }),
      ]);
      await Promise.all(asked);
      return phase;
    },
  };
}

/** Over the time of a round; rejects when one of them is not refused. */
async function sendHostile(gateway: Gateway): Promise<void> {
  const refused: Promise<void>[] = [];
  await keepPace(HOSTILE_IN_ROUND / ROUND_S, ROUND_S, (index) => {
    refused.push(sendOne(gateway, FAULTS[index % FAULTS.length]!, { wasGood: index % 2 === 0 }));
  });
  await Promise.all(refused);
}

async function sendOne(gateway: Gateway, fault: string, { wasGood }: { wasGood: boolean }): Promise<void> {
  const address = newAddress();
  if (wasGood) await gateway.ask(unseen('nobody'), { address });
  const codes = await gateway.ask(unseen('nobody', fault), { address });
  if (codes !== 'BAD_USER_INPUT' && codes !== 'SERVICE_UNAVAILABLE') {
    throw new Error(`A hostile document was answered with "${codes}".`);
  }
}
