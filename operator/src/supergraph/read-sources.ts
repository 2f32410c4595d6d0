import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dataFolder, readGatewayKey } from '@kith/local';
import { secretsIn } from '@kith/service-kit';
import { SERVICES, SUBGRAPHS } from '@kith/services';
import { readSubgraphsSettings, type SubgraphSettings, type SubgraphsSettings } from '@kith/supergraph';
import { askSubgraph, type NamedSubgraph, SubgraphSilent } from '@kith/supergraph/compose';
import { CommandFailed, UsedWrongly } from '../running-system/end-with-a-code.ts';

/** Where a supergraph is composed from, and where the one is that gateways follow. */
export interface Sources {
  readonly subgraphs: readonly NamedSubgraph[];
  /** Those that gateways know, by their names in lower case. */
  readonly known: SubgraphsSettings;
  readonly supergraphFile: string;
}

/**
 * The subgraphs of SUBGRAPHS_FILE (else of KITH_DATA, else those that variables such as USER_URL name), asked for their
 * schemas; `named` ones (`NAME=FILE` or `NAME=URL`) in place of them, or besides.
 *
 * @throws {CommandFailed | UsedWrongly}
 */
export async function readSources(named: readonly string[], usage: string, env = process.env): Promise<Sources> {
  const folder = dataFolder(env.KITH_DATA || undefined);
  const known = await readKnown(env.SUBGRAPHS_FILE || join(folder, 'subgraphs.json'), env);
  const gatewayKey = env.GATEWAY_KEY ? secretsIn(env.GATEWAY_KEY)[0] : await readGatewayKey(folder);
  const given = new Map(named.map((each) => nameAndSource(each, usage)));
  const names = [...new Set([...known.keys(), ...given.keys()])];
  if (names.length === 0) {
    throw new CommandFailed('There is no subgraph: set SUBGRAPHS_FILE, start Kith, or name some as NAME=FILE.');
  }
  const subgraphs = await Promise.all(
    names.map(async (name) => {
      const source = given.get(name);
      if (source !== undefined && !/^https?:\/\//.test(source)) return { name, sdl: await readSdl(name, source) };
      const settings = { ...known.get(name), ...(source !== undefined && { urls: [source.replace(/\/+$/, '')] }) };
      return { name, sdl: await ask(name, settings as SubgraphSettings, gatewayKey) };
    }),
  );
  return { subgraphs, known, supergraphFile: env.SUPERGRAPH_FILE || join(folder, 'supergraph.graphql') };
}

async function readKnown(file: string, env: NodeJS.ProcessEnv): Promise<SubgraphsSettings> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && !env.SUBGRAPHS_FILE) return undefined;
    throw new CommandFailed(`${file} cannot be read (${error.code}): SUBGRAPHS_FILE names the subgraphs.`);
  });
  try {
    if (text !== undefined) return readSubgraphsSettings(text);
  } catch (error) {
    throw new CommandFailed(`${file}: ${(error as Error).message}`);
  }
  const set = SUBGRAPHS.filter((name) => env[SERVICES[name].urlVariable]);
  return new Map(
    set.map((name) => {
      const urls = (env[SERVICES[name].urlVariable] ?? '').split(',').map((url) => url.trim().replace(/\/+$/, ''));
      return [name, { urls, gatewayKey: true, viewerToken: true }];
    }),
  );
}

function nameAndSource(text: string, usage: string): [name: string, source: string] {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1) throw new UsedWrongly(`"${text}" is not NAME=FILE or NAME=URL.`, usage);
  return [text.slice(0, at).toLowerCase(), text.slice(at + 1)];
}

function readSdl(name: string, file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CommandFailed(`${file} cannot be read (${error.code}): it was to be the schema of "${name}".`);
  });
}

function ask(name: string, settings: SubgraphSettings, gatewayKey: string | undefined): Promise<string> {
  return askSubgraph(name, settings, gatewayKey).catch((error: unknown) => {
    if (!(error instanceof SubgraphSilent)) throw error;
    throw new CommandFailed(`${error.message} Start it, or give its schema as ${name}=FILE.`, { code: error.code });
  });
}
