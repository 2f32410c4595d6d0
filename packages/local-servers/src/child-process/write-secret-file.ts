import { rename, writeFile } from 'node:fs/promises';

/** Writes a file that its owner alone can read, in one step, whatever was there before and whoever could read that. */
export async function writeSecretFile(file: string, text: string): Promise<void> {
  const unfinished = `${file}.${process.pid}.new`;
  await writeFile(unfinished, text, { mode: 0o600 });
  await rename(unfinished, file);
}
