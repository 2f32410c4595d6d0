import { runRestartable, type ServiceProcess } from '../servers/run-restartable.ts';

/** What the nodes of NATS and of Redis have in common. */
export interface ClusterNode {
  readonly pid: number;
  readonly ended: Promise<number | string>;
  start(): Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  pause(): void;
  resume(): void;
}

/** Adapter: a node that runs, seen as a process that can be supervised like all others. */
export function nodeAsProcess(name: string, url: string, node: ClusterNode): Promise<ServiceProcess> {
  let runs = true;
  return runRestartable(name, url, async () => {
    if (!runs) await node.start();
    runs = false;
    const { pid, ended } = node;
    return {
      pid,
      ended,
      stop: () => node.stop(),
      kill: () => node.kill(),
      pause: () => node.pause(),
      resume: () => node.resume(),
    };
  });
}
