import { readFile } from 'node:fs/promises';
import {
  type Comparison,
  CompositionRefused,
  compareSupergraphs,
  composeSubgraphs,
  type KnownOperation,
  publicSchemaOf,
  publishSupergraph,
  readOperations,
} from '@kith/supergraph/compose';
import { CommandFailed, type ExitCode } from '../running-system/end-with-a-code.ts';
import { readArguments } from '../running-system/read-arguments.ts';
import { readSources, type Sources } from './read-sources.ts';

const SOURCES = `The subgraphs are those of SUBGRAPHS_FILE (else of KITH_DATA), asked for their schemas where they run;
NAME=FILE takes the schema from a file instead, NAME=URL asks there.`;

export const COMPOSE_HELP = `kith supergraph compose [NAME=FILE|URL …] [--out FILE] [--json]

Composes the subgraphs, and prints the supergraph or writes it to FILE. Nothing that runs is changed.
${SOURCES}
What does not compose, and live lists that are declared as they cannot work, are refused with a sentence each.`;

export const CHECK_HELP = `kith supergraph check [NAME=FILE|URL …] [--operations FILE] [--json]

Composes the subgraphs, and tells what would change for clients of the supergraph in SUPERGRAPH_FILE (else in KITH_DATA):
what breaks them, what may, what does not. Ends with 1 when something breaks.
${SOURCES}
--operations names a file of operations that clients send: a manifest of trusted documents, or GraphQL. Those that would
no longer be valid are named.`;

export const PUBLISH_HELP = `kith supergraph publish [NAME=FILE|URL …] [--operations FILE] [--force] [--json]

Composes and checks as kith supergraph check does, then puts the supergraph in the place of the one in SUPERGRAPH_FILE
(else in KITH_DATA), in one step: gateways take it up within seconds. What breaks clients is refused, unless --force.
${SOURCES}`;

interface Asked {
  readonly named: readonly string[];
  readonly json: boolean;
  readonly force: boolean;
  readonly out: string | undefined;
  readonly operations: string | undefined;
}

/** `kith supergraph compose`. */
export async function composeCommand(args: readonly string[]): Promise<ExitCode> {
  const { named, json, out } = read(args, ['out'], COMPOSE_HELP);
  const { subgraphs, known } = await readSources(named, COMPOSE_HELP);
  const supergraph = composed({ subgraphs, known });
  if (out !== undefined) await publishSupergraph(out, supergraph);
  const names = subgraphs.map(({ name }) => name);
  if (json) process.stdout.write(`${JSON.stringify({ subgraphs: names, ...(out ? { out } : { supergraph }) })}\n`);
  else process.stdout.write(out === undefined ? `${supergraph}\n` : `${out}: composed of ${names.join(', ')}.\n`);
  return 0;
}

/** `kith supergraph check`. */
export async function checkCommand(args: readonly string[]): Promise<ExitCode> {
  const asked = read(args, ['operations'], CHECK_HELP);
  const { comparison } = await composeAndCompare(asked, CHECK_HELP);
  const breaks = isBreaking(comparison);
  if (asked.json) process.stdout.write(`${JSON.stringify({ breaks, ...comparison })}\n`);
  else process.stdout.write(`${described(comparison)}\n`);
  return breaks ? 1 : 0;
}

/** `kith supergraph publish`. */
export async function publishCommand(args: readonly string[]): Promise<ExitCode> {
  const asked = read(args, ['operations', 'force'], PUBLISH_HELP);
  const { sources, supergraph, comparison } = await composeAndCompare(asked, PUBLISH_HELP);
  refuseUnknown(sources);
  if (isBreaking(comparison) && !asked.force) {
    throw new CommandFailed(`${described(comparison)}\nNothing is published. If it is meant: --force`, {
      code: 'BREAKS_CLIENTS',
      found: comparison,
    });
  }
  const { supergraphFile } = sources;
  await publishSupergraph(supergraphFile, supergraph);
  if (asked.json) process.stdout.write(`${JSON.stringify({ file: supergraphFile, ...comparison })}\n`);
  else process.stdout.write(`${described(comparison)}\n${supergraphFile}: gateways take it up within seconds.\n`);
  return 0;
}

const WORDS = { most: Number.POSITIVE_INFINITY, called: 'NAME=FILE|URL' };
const FLAGS = { out: { type: 'string' }, operations: { type: 'string' }, force: { type: 'boolean' } } as const;

function read(args: readonly string[], allowed: readonly (keyof typeof FLAGS)[], usage: string): Asked {
  const options = Object.fromEntries(allowed.map((name) => [name, FLAGS[name]]));
  const { values, positionals } = readArguments(args, usage, options as Partial<typeof FLAGS>, WORDS);
  const { json = false, force = false, out, operations } = values as Partial<Omit<Asked, 'named'>>;
  return { named: positionals, json, force, out, operations };
}

function composed({ subgraphs, known }: Pick<Sources, 'subgraphs' | 'known'>): string {
  try {
    return composeSubgraphs(subgraphs, known);
  } catch (error) {
    if (!(error instanceof CompositionRefused)) throw error;
    const { problems } = error;
    throw new CommandFailed(`The subgraphs cannot be composed:\n${error.message}`, {
      code: 'NOT_COMPOSABLE',
      found: { problems },
    });
  }
}

async function composeAndCompare(asked: Asked, usage: string) {
  const sources = await readSources(asked.named, usage);
  const supergraph = composed(sources);
  const running = await readFile(sources.supergraphFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new CommandFailed(`${sources.supergraphFile} cannot be read (${error.code}): SUPERGRAPH_FILE names it.`);
  });
  const operations = await readKnownOperations(asked.operations);
  const nothing: Comparison = { changes: [], broken: [] };
  if (running === undefined || (asked.force && !isSupergraph(running))) {
    return { sources, supergraph, comparison: nothing };
  }
  if (!isSupergraph(running)) {
    const message = `${sources.supergraphFile} holds no supergraph to compare with. To publish in its place: --force`;
    throw new CommandFailed(message, { code: 'NOT_COMPARABLE' });
  }
  return { sources, supergraph, comparison: await compareSupergraphs(running, supergraph, operations) };
}

/** What stands in the file may be half of one, or another file altogether. */
function isSupergraph(text: string): boolean {
  try {
    publicSchemaOf(text);
    return true;
  } catch {
    return false;
  }
}

async function readKnownOperations(file: string | undefined): Promise<KnownOperation[]> {
  if (file === undefined) return [];
  try {
    return readOperations(await readFile(file, 'utf8'));
  } catch (error) {
    throw new CommandFailed(`${file} cannot be used as operations: ${(error as Error).message}.`);
  }
}

/** Gateways refuse a supergraph with a subgraph of which they do not know where it is. */
function refuseUnknown({ subgraphs, known }: Sources): void {
  const unknown = subgraphs.filter(({ name }) => !known.has(name)).map(({ name }) => name);
  if (unknown.length === 0) return;
  const message = `Gateways do not know where ${unknown.join(' and ')} is: add it to SUBGRAPHS_FILE first.`;
  throw new CommandFailed(message, { code: 'UNKNOWN_SUBGRAPH', found: { unknown } });
}

const isBreaking = ({ changes, broken }: Comparison) =>
  broken.length > 0 || changes.some(({ level }) => level === 'breaking');

function described({ changes, broken }: Comparison): string {
  if (changes.length === 0) return 'Nothing changes for clients.';
  const lines = changes.map(({ level, message }) => `${level}: ${message}`);
  return [...lines, ...broken.map(({ name, message }) => `breaks the operation ${name}: ${message}`)].join('\n');
}
