import { join } from 'node:path';
import { missesNothing, runChildServer } from '@kith/local-servers';
import { hostInUrl } from '@kith/service-kit';
import { ofEach, SERVICE_NAMES, SERVICES } from '@kith/services';
import { runRestartable, type ServiceProcess } from '../servers/run-restartable.ts';
import { compileCache, nodeProgram, workspaceRoot } from './run-program-with-node-24.ts';
import type { Program } from './wire-processes.ts';

const ENTRIES: Readonly<Record<Program, string>> = {
  ...ofEach(SERVICE_NAMES, (name) => `${SERVICES[name].folder}/main.ts`),
  gateway: 'gateway/src/main.ts',
  'one-process': 'local/src/run-in-one-process.ts',
};

/** As in the Dockerfile. Node's default collects young objects half as often, with pauses twice as long. */
const PAUSE_SHORT = ['--max-semi-space-size=16'];

export type KithProcess = {
  program: Program;
  /** Names the log, and the process in messages. */
  name: string;
  host: string;
  port: number;
  /** Its whole configuration at each start, except HOST and PORT. */
  env: () => Record<string, string>;
  logFolder: string;
};

/** Starts one of Kith's own processes and resolves when it is ready and all its dependencies answer. */
export function runKithProcess({ program, name, host, port, env, logFolder }: KithProcess): Promise<ServiceProcess> {
  const url = `http://${hostInUrl(host)}:${port}`;
  return runRestartable(name, url, () =>
    runChildServer({
      name: `the ${name} process`,
      command: nodeProgram(),
      args: [...PAUSE_SHORT, '--enable-source-maps', join(workspaceRoot, ENTRIES[program])],
      logFile: join(logFolder, `${name}.log`),
      readyWithinMs: 60_000,
      spawnOptions: {
        cwd: workspaceRoot,
        env: { ...surroundings(), ...withoutChecksOfDevelopment(program), ...env(), HOST: host, PORT: String(port) },
      },
      isReady: () => missesNothing(url),
    }),
  );
}

/** graphql-js looks at every value twice outside production. For the gateway that word means that the public is served. */
function withoutChecksOfDevelopment(program: Program): Record<string, string> {
  return program === 'gateway' || program === 'one-process' ? {} : { NODE_ENV: 'production' };
}

/** What every program expects of its surroundings. Configuration is given, not inherited: a test depends on none. */
function surroundings(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ', 'NODE_OPTIONS'];
  const set = names.flatMap((name) => (process.env[name] ? [[name, process.env[name] as string]] : []));
  return { ...Object.fromEntries(set), NODE_COMPILE_CACHE: compileCache };
}
