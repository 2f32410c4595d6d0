import { randomUUID } from 'node:crypto';
import { chmod, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Writes a supergraph where gateways follow it: whole or not at all, so that none ever reads half of one, and with the
 * rights that the file had.
 *
 * @param newMode the rights of a file that was not there
 */
export async function publishSupergraph(file: string, supergraphSdl: string, newMode = 0o644): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const mode = (await stat(file).catch(() => undefined))?.mode;
  const unfinished = `${file}.${randomUUID()}`;
  try {
    const handle = await open(unfinished, 'wx', newMode);
    try {
      await handle.writeFile(supergraphSdl);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (mode !== undefined) await chmod(unfinished, mode & 0o777);
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
