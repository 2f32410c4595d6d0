import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { SetupProblem } from '@kith/local-servers';
import { migrate } from '@kith/migrations';
import {
  ALWAYS_THERE,
  databaseOf,
  databasesOf,
  fieldsOfEach,
  SERVICE_NAMES,
  type ServiceWithDatabase,
  startedWith,
  WITH_OUTBOX,
} from '@kith/services';
import { gatewaysAt, startHaproxy } from '../cluster/start-haproxy.ts';
import type { ClaimedFolder } from '../data-folder/claim-data-folder.ts';
import { keepSecrets } from '../data-folder/keep-secrets.ts';
import {
  demonstrationFile,
  describeDemonstration,
  forgetDemonstration,
  hasDemonstration,
  needsDemonstration,
  seedDemonstration,
} from '../seed/seed-demonstration.ts';
import type { ServiceProcess } from '../servers/run-restartable.ts';
import { giveDatabasesToServices } from '../servers/server-access.ts';
import { balance, placesOfGateways, trustOf } from '../several/place-gateways.ts';
import type { HowMany } from '../several/read-how-many.ts';
import { awaitFirstSignIn } from '../steps/await-first-sign-in.ts';
import type { KeepTime } from '../steps/keep-time.ts';
import { composeSupergraph } from '../system/compose-supergraph.ts';
import { freePorts, startProcesses } from '../system/start-processes.ts';
import { buildWebClientWhenStale } from '../web-client/build-web-client.ts';
import { describeRunningSystem } from './describe-running-system.ts';
import { isLoopback } from './is-loopback.ts';
import type { StartConfig } from './read-start-config.ts';
import { givenUrls, startStores } from './start-stores.ts';

const DEMONSTRATION_IS_OPEN =
  'The accounts of the demonstration are in this database, and everybody knows their password: whoever reaches HOST can sign in as them. Set KITH_DATA to another folder, or HOST to 127.0.0.1.';

class WasStopped extends Error {}

const ANOTHER_FOLDER = 'set KITH_DATA to a folder on a disk that answers';
/** A large database is migrated in place, and a build needs its time on a small machine. */
const PREPARE_WITHIN_MS = 600_000;

type During = {
  howMany: HowMany;
  step: KeepTime;
  say: (line: string) => void;
  onStarted: (process: ServiceProcess) => void;
  onBalancer: (stop: () => Promise<void>) => void;
  onWatched: (processes: readonly ServiceProcess[], stopIt: () => Promise<void>) => void;
  onChange: () => void;
  isStopping: () => boolean;
};

/** Starts servers and processes, one step after the other, and prints where they are. */
export async function bringUp(config: StartConfig, folder: ClaimedFolder, during: During): Promise<void> {
  const { step, say, isStopping } = during;
  const goOn = () => {
    if (isStopping()) throw new WasStopped();
  };
  const kithData = config.KITH_DATA;
  const supergraphFile = join(kithData, 'supergraph.graphql');
  const composed = step('Composing the schema', () =>
    composeSupergraph(supergraphFile).then(() => chmod(supergraphFile, 0o600)),
  );
  composed.catch(() => {});
  // A web client that fails to build must not keep the services from running.
  const webClient = step('Building the web client', () => buildWebClientWhenStale(say), {
    withinMs: PREPARE_WITHIN_MS,
  }).catch((error: Error) => say(error.message));
  const servers = await startItsServers(config, during);
  const { secrets, databases, urls } = servers;
  goOn();

  await allInOrder([...migrations(config, servers, step), composed, webClient]);
  await step('Giving the databases to the services', () =>
    giveDatabasesToServices(urls, {
      passwords: secrets.passwords,
      databases,
      given: givenUrls(config),
      eventBus: config.EVENT_BUS,
    }),
  );
  // The demonstration's password is public: a system reachable from elsewhere neither makes its accounts nor shows it.
  const isPrivate = isLoopback(config.HOST);
  const isEmpty = await step('Looking whether there is a demonstration', async () => {
    const outboxUrls = WITH_OUTBOX.map((name) => urls[`${name}DatabaseUrl`]);
    const needsOne = isPrivate && (await needsDemonstration(kithData, outboxUrls));
    await forgetDemonstration(kithData);
    return needsOne;
  });
  goOn();

  const addresses = await startItsProcesses(config, { ...servers, supergraphFile, isPrivate }, during);
  goOn();
  const operatorKey = config.OPERATOR_KEY?.[0] ?? secrets.operatorKey;
  const hasOne = await step('Making the demonstration', async () => {
    if (isEmpty) await seedDemonstration(kithData, { ...addresses, operatorKey });
    return tellOfDemonstration(kithData, urls.userDatabaseUrl, { isPrivate, say });
  });
  await step('Waiting until a sign-in is answered', () => awaitFirstSignIn(addresses.gatewayUrl));
  await folder.record({ ...addresses, operatorKey });
  goOn();
  const tookMs = process.uptime() * 1000;
  process.stdout.write(`\n${describeRunningSystem({ ...addresses, kithData, hasDemonstration: hasOne, tookMs })}\n`);
}

type ItsServers = Awaited<ReturnType<typeof startItsServers>>;

async function startItsServers(config: StartConfig, during: During) {
  const { KITH_DATA: kithData } = config;
  const secrets = await during.step('Reading the secrets', () => keepSecrets(kithData), { lookAt: ANOTHER_FOLDER });
  const databases = databasesOf(startedWith({ WEBHOOKS: config.WEBHOOKS }));
  const stores = await startStores({ config, kithData, passwords: secrets.passwords, databases, ...during });
  return { secrets, databases, ...stores };
}

function migrations(config: StartConfig, { databases, urls }: ItsServers, step: KeepTime): Promise<void>[] {
  return databases.map((name) =>
    step(`Migrating the database of ${name}`, () => migrateOrExplain(urls[`${name}DatabaseUrl`], name, config), {
      withinMs: PREPARE_WITHIN_MS,
    }),
  );
}

/** Resolves to where they are. */
async function startItsProcesses(
  config: StartConfig,
  {
    access,
    secrets,
    haproxyCommand,
    supergraphFile,
    isPrivate,
  }: ItsServers & { supergraphFile: string; isPrivate: boolean },
  { step, howMany, onStarted, onBalancer }: During,
) {
  const { KITH_DATA: kithData } = config;
  const logFolder = logsIn(config);
  const wiring = {
    access,
    gatewayKey: config.GATEWAY_KEY?.join() ?? secrets.gatewayKey,
    operatorKey: config.OPERATOR_KEY?.join() ?? secrets.operatorKey,
    signingKeyFile: config.SIGNING_KEY_FILE ?? join(kithData, 'signing-keys.json'),
    supergraphFile,
    subgraphsFile: join(kithData, 'subgraphs.json'),
    ...(isPrivate && { demonstrationFile: demonstrationFile(kithData) }),
    // Other variables, such as limits and lifetimes, are passed on: each process reads those it knows.
    extra: variablesOfAll(config, howMany),
  };
  const places = {
    services: await freePorts(SERVICE_NAMES, howMany.services),
    gateways: await placesOfGateways(config, howMany),
    logFolder,
  };
  return step(
    'Starting the services and the gateway',
    async () => {
      const processes = await startProcesses(wiring, places, onStarted);
      return {
        gatewayUrl: howMany.cluster
          ? await startBalancerOfCluster(processes.gateways, { kithData, config, command: haproxyCommand }, onStarted)
          : await balance(processes.gateways, config, onBalancer),
        ...fieldsOfEach(ALWAYS_THERE, 'Url', (name) => processes[name].url),
        ...(processes.webhook && { webhookUrl: processes.webhook.url }),
      };
    },
    { lookAt: `their logs are in ${logFolder}` },
  );
}

const variablesOfAll = (config: StartConfig, howMany: HowMany): Record<string, string> => ({
  ...(howMany.cluster && { STREAM_REPLICAS: '3' }),
  ...(process.env as Record<string, string>),
  ...trustOf(config, howMany),
});

async function startBalancerOfCluster(
  gateways: readonly ServiceProcess[],
  { kithData, config, command }: { kithData: string; config: StartConfig; command: string | undefined },
  onStarted: (process: ServiceProcess) => void,
): Promise<string> {
  const { HOST: host, PORT: port } = config;
  const haproxy = await startHaproxy({ kithData, host, port, command, gateways: gatewaysAt(gateways) });
  onStarted(haproxy);
  return haproxy.url;
}

const logsIn = ({ KITH_DATA }: StartConfig) => join(KITH_DATA, 'logs');

/** Resolves to whether there is one to show: on a host that others can reach, it only warns that it is open. */
async function tellOfDemonstration(
  kithData: string,
  userDatabaseUrl: string,
  { isPrivate, say }: { isPrivate: boolean; say: (line: string) => void },
): Promise<boolean> {
  const isThere = await hasDemonstration(kithData, userDatabaseUrl);
  if (isThere && isPrivate) await describeDemonstration(kithData);
  if (isThere && !isPrivate) say(DEMONSTRATION_IS_OPEN);
  return isThere && isPrivate;
}

/** If several fail, it rejects with the error of the first in the list, not of the first in time. */
async function allInOrder(works: readonly Promise<unknown>[]): Promise<void> {
  for (const settled of await Promise.allSettled(works)) if (settled.status === 'rejected') throw settled.reason;
}

async function migrateOrExplain(url: string, service: ServiceWithDatabase, config: StartConfig): Promise<void> {
  const { urlVariable: variable } = databaseOf(service);
  try {
    await migrate(url, service);
  } catch (error) {
    if (error instanceof SetupProblem || config[variable] === undefined) throw error;
    const { message, code } = error as Error & { code?: string };
    throw new SetupProblem(`The database of ${variable} cannot be used (${message || code}): check that variable.`, {
      cause: error,
    });
  }
}
