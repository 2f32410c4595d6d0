import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SetupProblem } from '@kith/local-servers';
import { SERVICES, type ServiceName, SUBGRAPHS } from '@kith/services';
import { CompositionRefused, composeSubgraphs, publishSupergraph } from '@kith/supergraph/compose';
import { compileCache, nodeProgram, workspaceRoot } from './run-program-with-node-24.ts';

/** The subgraphs cannot be composed, or one of them cannot print its schema. */
class CompositionFailed extends SetupProblem {
  override name = 'CompositionFailed';
}

/**
 * Asks each service for its subgraph (`services/<name>/src/print-schema.ts`) and writes the supergraph of all of them.
 * The addresses in it are the names of the services: the gateway takes the real ones from its environment.
 *
 * @param file written in one step, so that a gateway never reads half of it
 * @throws {CompositionFailed} with every error of the composition, one a line
 */
export async function composeSupergraph(file: string): Promise<void> {
  await publishSupergraph(file, composed(await printSubgraphs()));
}

/** Each service's own schema, as the service prints it. @throws {CompositionFailed} */
export function printSubgraphs(): Promise<{ name: string; sdl: string }[]> {
  return Promise.all(SUBGRAPHS.map(async (name) => ({ name, sdl: await printSchema(name) })));
}

/** @throws {CompositionFailed} */
export function composed(subgraphs: readonly { name: string; sdl: string }[]): string {
  try {
    return composeSubgraphs(subgraphs);
  } catch (error) {
    if (!(error instanceof CompositionRefused)) throw error;
    const lines = error.problems.map(({ code, message }) => `  ${code}: ${message}`);
    throw new CompositionFailed(
      `The subgraphs ${subgraphs.map(({ name }) => name).join(' and ')} do not compose:\n${lines.join('\n')}`,
    );
  }
}

async function printSchema(service: ServiceName): Promise<string> {
  const program = join(workspaceRoot, SERVICES[service].folder, 'print-schema.ts');
  try {
    const { stdout } = await promisify(execFile)(nodeProgram(), [program], {
      env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
      maxBuffer: 16 * 1024 * 1024,
    });
    return stdout;
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim() ?? '';
    throw new CompositionFailed(`The ${service} service cannot print its schema:\n${said || String(error)}`, {
      cause: error,
    });
  }
}
