import { runKithProcess } from './run-kith-process.ts';
import type { ServiceProcess } from './run-restartable.ts';
import { environmentOf, type Program, type Wiring } from './wire-processes.ts';

export type Addresses = {
  /** Ports on 127.0.0.1. */
  user: number;
  friend: number;
  gateways: readonly { host: string; port: number }[];
  logFolder: string;
};

/**
 * Starts user, friend and the gateways at once: each waits by itself for those it needs, and says so on `/ready`.
 * With EVENT_BUS=in-process they are one process, which all of the answers stand for.
 *
 * @param onStarted told of each process as it becomes ready, also when another one fails afterwards
 */
export async function startProcesses(
  wiring: Omit<Wiring, 'userUrl' | 'friendUrl'>,
  { user, friend, gateways, logFolder }: Addresses,
  onStarted: (process: ServiceProcess) => void,
): Promise<{ user: ServiceProcess; friend: ServiceProcess; gateways: ServiceProcess[] }> {
  const full = { ...wiring, userUrl: `http://127.0.0.1:${user}`, friendUrl: `http://127.0.0.1:${friend}` };
  const run = async (program: Program, name: string, host: string, port: number) => {
    const process = await runKithProcess({ program, name, host, port, env: environmentOf(program, full), logFolder });
    onStarted(process);
    return process;
  };
  if (wiring.extra?.EVENT_BUS === 'in-process') {
    const [gateway] = gateways;
    if (!gateway) throw new Error('One process has one gateway.');
    const all = await run('one-process', 'one-process', gateway.host, gateway.port);
    return {
      user: seenAt(full.userUrl, all),
      friend: seenAt(full.friendUrl, all),
      gateways: gateways.map(() => all),
    };
  }
  const starting = [
    run('user', 'user', '127.0.0.1', user),
    run('friend', 'friend', '127.0.0.1', friend),
    ...gateways.map(({ host, port }, index) =>
      run('gateway', gateways.length === 1 ? 'gateway' : `gateway-${index + 1}`, host, port),
    ),
  ] as const;
  // All have to come to an end before a failure is reported: the caller stops those that `onStarted` told it of.
  const outcomes = await Promise.allSettled(starting);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
  const [userProcess, friendProcess, ...gatewayProcesses] = await Promise.all(starting);
  return { user: userProcess as ServiceProcess, friend: friendProcess as ServiceProcess, gateways: gatewayProcesses };
}

/** The same process under another of its addresses. */
function seenAt(url: string, process: ServiceProcess): ServiceProcess {
  return Object.create(process, { url: { value: url, enumerable: true } }) as ServiceProcess;
}
