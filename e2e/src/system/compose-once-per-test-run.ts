import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeSupergraph } from '@kith/local';
import { COMPOSED_SUPERGRAPH } from './start-system-for-test.ts';

/** vitest's global setup: the supergraph that every system of the run starts with. Composing asks two services for it. */
export default async function setup(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'kith-composed-'));
  const file = join(folder, 'supergraph.graphql');
  await composeSupergraph(file);
  process.env[COMPOSED_SUPERGRAPH] = file;
  return () => rm(folder, { recursive: true, force: true });
}
