import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Logger, RunningPart } from '@kith/service-kit';
import { SERVICES, type ServiceName } from '@kith/services';
import type { z } from 'zod';
import { workspaceRoot } from './run-program-with-node-24.ts';

/** What the index.ts of every service exports for running it and reading its configuration. */
export type ServiceEntry = {
  readonly configSchema: z.ZodObject;
  start(config: never, log: Logger): Promise<RunningPart>;
};

export async function loadService(name: ServiceName): Promise<ServiceEntry> {
  return (await import(pathToFileURL(join(workspaceRoot, SERVICES[name].folder, 'index.ts')).href)) as ServiceEntry;
}
