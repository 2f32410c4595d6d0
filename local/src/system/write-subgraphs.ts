import { readFile } from 'node:fs/promises';
import { type Fields, SERVICES, type ServiceName, SUBGRAPHS } from '@kith/services';
import { publishSupergraph } from '@kith/supergraph/compose';

/** Headers that services are shown may be secrets. */
const OWNER_ALONE = 0o600;

const OF_OURS = { gatewayKey: true, viewerToken: true, multiplexed: true };

type Entries = Record<string, unknown>;

/**
 * Writes where the gateway finds the subgraphs of this repository, and what each of them is told. What else stands in the
 * file was put there by somebody who has joined a service of their own: it stays.
 */
export async function writeSubgraphs(file: string, urls: Fields<ServiceName, 'Url', string>): Promise<void> {
  const ours = SUBGRAPHS.map((name) => {
    const { signsTokens = false } = SERVICES[name];
    const entry = { urls: urls[`${name}Url`].split(','), ...OF_OURS, signsTokens };
    return [name, entry] as const;
  });
  const subgraphs = { ...(await othersIn(file)), ...Object.fromEntries(ours) };
  await publishSupergraph(file, `${JSON.stringify({ subgraphs }, null, 2)}\n`, OWNER_ALONE);
}

async function othersIn(file: string): Promise<Entries> {
  try {
    const read = JSON.parse(await readFile(file, 'utf8')) as { subgraphs?: Entries };
    return typeof read.subgraphs === 'object' ? read.subgraphs : {};
  } catch {
    // There is none, or what is there cannot be used: it is written anew.
    return {};
  }
}
