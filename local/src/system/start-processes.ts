import { freePort } from '@kith/local-servers';
import { present } from '@kith/service-kit';
import {
  fieldsOfEach,
  ofEach,
  SERVICE_NAMES,
  type ServiceAlwaysThere,
  type ServiceName,
  type ServiceOnRequest,
  startedWith,
} from '@kith/services';
import type { ServiceProcess } from '../servers/run-restartable.ts';
import { runKithProcess } from './run-kith-process.ts';
import { environmentOf, type Program, type Wiring } from './wire-processes.ts';
import { writeSubgraphs } from './write-subgraphs.ts';

export type Addresses = {
  /** Ports on 127.0.0.1: one for each process of a service. */
  services: Readonly<Record<ServiceName, readonly number[]>>;
  gateways: readonly { host: string; port: number }[];
  logFolder: string;
};

/** The first process of each service; of one that is started on request, undefined when nobody asked for it. */
export type StartedProcesses = Record<ServiceAlwaysThere, ServiceProcess> &
  Partial<Record<ServiceOnRequest, ServiceProcess>> & {
    /** All processes of each service. */
    replicas: Partial<Record<ServiceName, readonly ServiceProcess[]>>;
    gateways: ServiceProcess[];
    /** What processes are told from their next start on: new keys, other users of the servers. */
    rewire(change: Partial<Pick<Wiring, 'access' | 'gatewayKey' | 'operatorKey' | 'extra'>>): void;
  };

/** How long one of several processes goes on serving when it stops, until all callers have noticed. */
const STOP_NOTICE_MS = '2000';

/**
 * Starts the services and the gateways at once: each waits by itself for those it needs, and says so on `/ready`. With
 * EVENT_BUS=in-process they are one process, and all results refer to it.
 *
 * @param onStarted called with each process as it becomes ready, even if another one fails afterwards
 */
export async function startProcesses(
  wiring: Omit<Wiring, `${ServiceName}Url`>,
  { services, gateways, logFolder }: Addresses,
  onStarted: (process: ServiceProcess) => void,
): Promise<StartedProcesses> {
  const urls = fieldsOfEach(SERVICE_NAMES, 'Url', (name) =>
    services[name].map((port) => `http://127.0.0.1:${port}`).join(','),
  );
  const full = { ...wiring, ...urls } as Wiring;
  const rewire: StartedProcesses['rewire'] = (change) => void Object.assign(full, change);
  if (full.subgraphsFile) await writeSubgraphs(full.subgraphsFile, urls);
  const countOf = (program: Program) =>
    program === 'gateway' ? gateways.length : program === 'one-process' ? 1 : services[program].length;
  const run = async (program: Program, name: string, host: string, port: number) => {
    const env = () => ({ ...(countOf(program) > 1 && { STOP_NOTICE_MS }), ...environmentOf(program, full) });
    const process = await runKithProcess({ program, name, host, port, env, logFolder });
    onStarted(process);
    return process;
  };
  const names = startedWith(wiring.extra ?? {});
  if (wiring.extra?.EVENT_BUS === 'in-process') {
    const [gateway] = gateways;
    if (!gateway) throw new Error('One process has one gateway.');
    const all = await run('one-process', 'one-process', gateway.host, gateway.port);
    const seen = ofEach(names, (name) => seenAt(urls[`${name}Url`], all));
    return { ...seen, replicas: ofEach(names, (name) => [seen[name]]), gateways: gateways.map(() => all), rewire };
  }
  const numbered = (name: string, all: readonly unknown[], index: number) =>
    all.length === 1 ? name : `${name}-${index + 1}`;
  const wanted = names.flatMap((name) => services[name].map((port, index) => ({ name, port, index })));
  const starting = [
    ...wanted.map(({ name, port, index }) => run(name, numbered(name, services[name], index), '127.0.0.1', port)),
    ...gateways.map(({ host, port }, index) => run('gateway', numbered('gateway', gateways, index), host, port)),
  ];
  // All must settle before a failure is reported: the caller stops those passed to `onStarted`.
  const outcomes = await Promise.allSettled(starting);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
  const started = await Promise.all(starting);
  const replicas = ofEach(names, (name) => started.filter((_process, at) => wanted[at]?.name === name));
  return {
    ...ofEach(names, (name) => present(replicas[name][0], 'each service has a process')),
    replicas,
    gateways: started.slice(wanted.length),
    rewire,
  };
}

/** Free ports for each of them: one, unless `replicas` says otherwise. */
export async function freePorts<Name extends string>(
  names: readonly Name[],
  replicas: Partial<Record<Name, number>> = {},
): Promise<Record<Name, number[]>> {
  const ports = names.map(
    async (name) => [name, await Promise.all(Array.from({ length: replicas[name] ?? 1 }, () => freePort()))] as const,
  );
  return Object.fromEntries(await Promise.all(ports)) as Record<Name, number[]>;
}

/** The same process under another of its addresses. */
function seenAt(url: string, process: ServiceProcess): ServiceProcess {
  return Object.create(process, { url: { value: url, enumerable: true } }) as ServiceProcess;
}
