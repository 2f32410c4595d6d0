import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Load, LoadReport } from './send-at-rate.ts';

const CROWD = fileURLToPath(new URL('./crowd.ts', import.meta.url));

/** Makes the load in a process of its own, so that it waits for nothing but its own work. */
export function loadGateway(load: Load): Promise<LoadReport> {
  const { promise, resolve, reject } = Promise.withResolvers<LoadReport>();
  const crowd = fork(CROWD, { execArgv: [], serialization: 'advanced' });
  crowd.on('message', ({ report, error }: { report?: LoadReport; error?: string }) => {
    if (report) resolve(report);
    else reject(new Error(error));
  });
  crowd.on('error', reject);
  crowd.on('exit', (code, signal) => reject(new Error(`The crowd ended (${code ?? signal}).`)));
  crowd.send(load);
  return promise;
}
