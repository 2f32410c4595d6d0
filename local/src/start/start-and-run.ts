import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
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
  WITH_DATABASE,
  WITH_OUTBOX,
} from '@kith/services';
import { type ClaimedFolder, claimDataFolder } from '../data-folder/claim-data-folder.ts';
import { keepSecrets } from '../data-folder/keep-secrets.ts';
import { markOf } from '../data-folder/look-at-processes.ts';
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
import type { ServerUrls } from '../servers/servers-to-start.ts';
import { startServers } from '../servers/start-servers.ts';
import { balance, placesOfGateways, refuseTakenPort, trustOf } from '../several/place-gateways.ts';
import { type HowMany, readHowMany } from '../several/read-how-many.ts';
import { composeSupergraph } from '../system/compose-supergraph.ts';
import { freePorts, startProcesses } from '../system/start-processes.ts';
import { stopInOrder } from '../system/stop-in-order.ts';
import { buildWebClientWhenStale } from '../web-client/build-web-client.ts';
import { describeRunningSystem } from './describe-running-system.ts';
import { explain } from './explain-failure.ts';
import { findOrInstallServers } from './find-or-install-servers.ts';
import { isLoopback } from './is-loopback.ts';
import { readStartConfig, type StartConfig } from './read-start-config.ts';
import { restartWhenItEnds } from './restart-when-it-ends.ts';
import { stopWhenAsked } from './stop-when-asked.ts';

const WAIT_FOR_START_MS = 5_000;

const say = (line: string) => process.stderr.write(`${line}\n`);

/**
 * `pnpm start`: brings up everything on this machine, prints where it is, and runs until it is asked to stop.
 * Ends with code 0 when it was asked to, and with 1 and one sentence when it cannot run.
 */
export async function startAndRun(): Promise<void> {
  const running: ServiceProcess[] = [];
  const restarters: (() => Promise<void>)[] = [];
  let claimed: ClaimedFolder | undefined;
  let starting: Promise<void> | undefined;
  let stopping = false;

  const stop = async (exitCode: number) => {
    stopping = true;
    await Promise.all(restarters.map((stopRestarting) => stopRestarting()));
    await stopInOrder(running);
    await claimed?.release();
    process.exit(exitCode);
  };
  stopWhenAsked(
    async () => {
      say('Stopping …');
      // Processes being started must be known before they can be stopped in order. If that takes too long, the guard of
      // our children ends them out of order when this process ends.
      stopping = true;
      await Promise.race([starting?.catch(() => {}), delay(WAIT_FOR_START_MS)]);
      await stop(0);
    },
    () => {
      for (const { pid, running: runs } of running) if (runs) process.kill(pid, 'SIGKILL');
      process.exit(1);
    },
  );

  const begin = async () => {
    const config = readStartConfig();
    const howMany = readHowMany(process.argv.slice(2), config);
    claimed = await claimDataFolder(config.KITH_DATA);
    const folder = claimed;
    const onStarted = (started: ServiceProcess) => {
      running.push(started);
      restarters.push(restartWhenItEnds(started, say, () => recordProcesses(folder, running)));
      void recordProcesses(folder, running);
    };
    await bringUp(config, folder, {
      howMany,
      onStarted,
      onBalancer: (stopBalancer) => restarters.push(stopBalancer),
      isStopping: () => stopping,
    });
  };
  starting = begin();
  try {
    await starting;
  } catch (error) {
    if (stopping) return;
    say(explain(error));
    await stop(1);
  }
}

const DEMONSTRATION_IS_OPEN =
  'The accounts of the demonstration are in this database, and everybody knows their password: whoever reaches HOST can sign in as them. Set KITH_DATA to another folder, or HOST to 127.0.0.1.';

class WasStopped extends Error {}

async function bringUp(
  config: StartConfig,
  folder: ClaimedFolder,
  during: {
    howMany: HowMany;
    onStarted: (process: ServiceProcess) => void;
    onBalancer: (stop: () => Promise<void>) => void;
    isStopping: () => boolean;
  },
): Promise<void> {
  const { howMany, onStarted, isStopping } = during;
  const goOn = () => {
    if (isStopping()) throw new WasStopped();
  };
  const kithData = config.KITH_DATA;
  await refuseTakenPort(config);
  const supergraphFile = join(kithData, 'supergraph.graphql');
  const composed = composeSupergraph(supergraphFile).then(() => chmod(supergraphFile, 0o600));
  composed.catch(() => {});
  // A web client that fails to build must not keep the services from running.
  const webClient = buildWebClientWhenStale(say).catch((error: Error) => say(error.message));
  const secrets = await keepSecrets(kithData);
  const operatorKey = config.OPERATOR_KEY ?? secrets.operatorKey;
  const databases = databasesOf(startedWith({ WEBHOOKS: config.WEBHOOKS }));
  const servers = { passwords: secrets.passwords, given: givenUrls(config), databases };
  const { urls, access, started } = await startServers({ kithData, ...servers, ...(await programs(config)) });
  for (const server of Object.values(started)) onStarted(server);
  goOn();

  await allInOrder([
    ...databases.map((name) => migrateOrExplain(urls[`${name}DatabaseUrl`], name, config)),
    composed,
    webClient,
  ]);
  await giveDatabasesToServices(urls, { ...servers, eventBus: config.EVENT_BUS });
  // The demonstration's password is public: a system reachable from elsewhere neither makes its accounts nor shows it.
  const isPrivate = isLoopback(config.HOST);
  const outboxUrls = WITH_OUTBOX.map((name) => urls[`${name}DatabaseUrl`]);
  const isEmpty = isPrivate && (await needsDemonstration(kithData, outboxUrls));
  await forgetDemonstration(kithData);
  goOn();

  const processes = await startProcesses(
    {
      access,
      gatewayKey: config.GATEWAY_KEY ?? secrets.gatewayKey,
      operatorKey,
      signingKeyFile: config.SIGNING_KEY_FILE ?? join(kithData, 'signing-keys.json'),
      supergraphFile,
      subgraphsFile: join(kithData, 'subgraphs.json'),
      ...(isPrivate && { demonstrationFile: demonstrationFile(kithData) }),
      // Other variables, such as limits and lifetimes, are passed on: each process reads those it knows.
      extra: { ...(process.env as Record<string, string>), ...trustOf(config, howMany) },
    },
    {
      services: await freePorts(SERVICE_NAMES, howMany.services),
      gateways: await placesOfGateways(config, howMany),
      logFolder: join(kithData, 'logs'),
    },
    onStarted,
  );
  goOn();

  const addresses = {
    gatewayUrl: await balance(processes.gateways, config, during.onBalancer),
    ...fieldsOfEach(ALWAYS_THERE, 'Url', (name) => processes[name].url),
    ...(processes.webhook && { webhookUrl: processes.webhook.url }),
  };
  if (isEmpty) await seedDemonstration(kithData, { ...addresses, operatorKey });
  const hasOne = await tellOfDemonstration(kithData, urls.userDatabaseUrl, isPrivate);
  await folder.record({ ...addresses, operatorKey });
  goOn();
  const tookMs = process.uptime() * 1000;
  process.stdout.write(`\n${describeRunningSystem({ ...addresses, kithData, hasDemonstration: hasOne, tookMs })}\n`);
}

/** Resolves to whether there is one to show: on a host that others can reach, it only warns that it is open. */
async function tellOfDemonstration(kithData: string, userDatabaseUrl: string, isPrivate: boolean): Promise<boolean> {
  const isThere = await hasDemonstration(kithData, userDatabaseUrl);
  if (isThere && isPrivate) await describeDemonstration(kithData);
  if (isThere && !isPrivate) say(DEMONSTRATION_IS_OPEN);
  return isThere && isPrivate;
}

function givenUrls(config: StartConfig): Partial<ServerUrls> {
  const given = WITH_DATABASE.filter((name) => config[databaseOf(name).urlVariable]);
  return {
    ...fieldsOfEach(given, 'DatabaseUrl', (name) => config[databaseOf(name).urlVariable] ?? ''),
    ...natsOf(config),
    ...(config.REDIS_URL && { redisUrl: config.REDIS_URL }),
  };
}

/** The in-process bus needs no NATS: none is started, and the address here is never used. */
function natsOf(config: StartConfig): { natsUrl?: string } {
  if (config.EVENT_BUS === 'in-process') return { natsUrl: 'nats://none.invalid:4222' };
  return config.NATS_URL ? { natsUrl: config.NATS_URL } : {};
}

async function programs(config: StartConfig): Promise<{ natsCommand?: string; redisCommand?: string }> {
  const kinds = [...(natsOf(config).natsUrl ? [] : ['nats' as const]), ...(config.REDIS_URL ? [] : ['redis' as const])];
  const found: { nats?: string; redis?: string } = await findOrInstallServers(kinds, say);
  return { ...(found.nats && { natsCommand: found.nats }), ...(found.redis && { redisCommand: found.redis }) };
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

async function recordProcesses(folder: ClaimedFolder, running: readonly ServiceProcess[]): Promise<void> {
  const marks = running.flatMap(({ name, pid }) => {
    const mark = markOf(pid);
    return mark ? [[name, mark] as const] : [];
  });
  // If this fails, on a full disk for example, only `kith` cannot find the system; the system still runs.
  await folder
    .record({ processes: Object.fromEntries(marks) })
    .catch((error: Error) => say(`system.json could not be written: ${error.message}`));
}
