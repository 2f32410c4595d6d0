import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { SetupProblem } from '../setup-problem.ts';

const schema = z.object({
  gatewayKey: z.string().min(16),
  operatorKey: z.string().min(16),
  postgresPassword: z.string().min(16),
});
export type Secrets = z.output<typeof schema>;

/** The secrets of this data folder, made at the first start. The file is readable by its owner alone. */
export async function keepSecrets(kithData: string): Promise<Secrets> {
  const file = join(kithData, 'secrets.json');
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new SetupProblem(`${file} cannot be read (${error.code}): give it to the user who runs Kith.`);
  });
  if (text !== undefined) return readSecrets(text, file);
  const secret = () => randomBytes(24).toString('hex');
  const secrets: Secrets = { gatewayKey: secret(), operatorKey: secret(), postgresPassword: secret() };
  await writeFile(`${file}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return secrets;
}

function readSecrets(text: string, file: string): Secrets {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new SetupProblem(
      `${file} is damaged: restore it from a backup (the password of the database is in it), or move the whole data folder away to begin with an empty one.`,
      { cause: error },
    );
  }
}
