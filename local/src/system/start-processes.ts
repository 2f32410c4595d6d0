import { freePort } from '@kith/local-servers';
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

export type Addresses = {
  /** Ports on 127.0.0.1. */
  services: Readonly<Record<ServiceName, number>>;
  gateways: readonly { host: string; port: number }[];
  logFolder: string;
};

/** Of a service that is started on request, undefined when nobody asked for it. */
export type StartedProcesses = Record<ServiceAlwaysThere, ServiceProcess> &
  Partial<Record<ServiceOnRequest, ServiceProcess>> & { gateways: ServiceProcess[] };

/**
 * Starts the services and the gateways at once: each waits by itself for those it needs, and says so on `/ready`.
 * With EVENT_BUS=in-process they are one process, which all of the answers stand for.
 *
 * @param onStarted told of each process as it becomes ready, also when another one fails afterwards
 */
export async function startProcesses(
  wiring: Omit<Wiring, `${ServiceName}Url`>,
  { services, gateways, logFolder }: Addresses,
  onStarted: (process: ServiceProcess) => void,
): Promise<StartedProcesses> {
  const urls = fieldsOfEach(SERVICE_NAMES, 'Url', (name) => `http://127.0.0.1:${services[name]}`);
  const full = { ...wiring, ...urls } as Wiring;
  const run = async (program: Program, name: string, host: string, port: number) => {
    const process = await runKithProcess({ program, name, host, port, env: environmentOf(program, full), logFolder });
    onStarted(process);
    return process;
  };
  const names = startedWith(wiring.extra ?? {});
  if (wiring.extra?.EVENT_BUS === 'in-process') {
    const [gateway] = gateways;
    if (!gateway) throw new Error('One process has one gateway.');
    const all = await run('one-process', 'one-process', gateway.host, gateway.port);
    const seen = ofEach(names, (name) => seenAt(urls[`${name}Url`], all));
    return { ...seen, gateways: gateways.map(() => all) };
  }
  const starting = [
    ...names.map((name) => run(name, name, '127.0.0.1', services[name])),
    ...gateways.map(({ host, port }, index) =>
      run('gateway', gateways.length === 1 ? 'gateway' : `gateway-${index + 1}`, host, port),
    ),
  ];
  // All have to come to an end before a failure is reported: the caller stops those that `onStarted` told it of.
  const outcomes = await Promise.allSettled(starting);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
  const started = await Promise.all(starting);
  return {
    ...ofEach(names, (name) => started[names.indexOf(name)] as ServiceProcess),
    gateways: started.slice(names.length),
  };
}

/** A free port for each of them. */
export async function freePorts<Name extends string>(names: readonly Name[]): Promise<Record<Name, number>> {
  const ports = await Promise.all(names.map(async (name) => [name, await freePort()] as const));
  return Object.fromEntries(ports) as Record<Name, number>;
}

/** The same process under another of its addresses. */
function seenAt(url: string, process: ServiceProcess): ServiceProcess {
  return Object.create(process, { url: { value: url, enumerable: true } }) as ServiceProcess;
}
