import { relative } from 'node:path';
import type { OperatorAccess } from '@kith/local';
import { dataFolder, readSystemRecord, stillRuns } from '@kith/local';
import { secretsIn } from '@kith/service-kit';
import { ALWAYS_THERE, fieldsOfEach, SERVICES } from '@kith/services';
import { CommandFailed } from './end-with-a-code.ts';

export type RunningSystemAccess = OperatorAccess & { gatewayUrl?: string };

const ANSWERS_WITHIN_MS = 5_000;
const VARIABLES = [...ALWAYS_THERE.map((name) => SERVICES[name].urlVariable), 'OPERATOR_KEY'];
/** As a sentence names them: "USER_URL, FRIEND_URL and OPERATOR_KEY". */
export const SYSTEM_VARIABLES = `${VARIABLES.slice(0, -1).join(', ')} and ${VARIABLES.at(-1)}`;

/**
 * The system that the variables USER_URL, FRIEND_URL and their like, and OPERATOR_KEY, name, or the one that runs from
 * KITH_DATA.
 *
 * @throws {CommandFailed} that says what to start or to set
 */
export async function findRunningSystem(env = process.env): Promise<RunningSystemAccess> {
  const { OPERATOR_KEY } = env;
  if (OPERATOR_KEY && VARIABLES.every((variable) => env[variable])) {
    const urls = fieldsOfEach(ALWAYS_THERE, 'Url', (name) => trimmed(env[SERVICES[name].urlVariable] ?? ''));
    const { WEBHOOK_URL } = env;
    return {
      ...urls,
      ...(WEBHOOK_URL && { webhookUrl: trimmed(WEBHOOK_URL) }),
      operatorKey: secretsIn(OPERATOR_KEY)[0] ?? '',
    };
  }
  const folder = dataFolder(env.KITH_DATA || undefined);
  const shown = relative(process.cwd(), folder) || folder;
  const record = await inTime(readSystemRecord(folder), shown);
  if (!record || !stillRuns(record.startedBy)) {
    throw new CommandFailed(
      `Kith does not run from ${shown}: start it with npx -y pnpm@12 start, or set KITH_DATA, or ${SYSTEM_VARIABLES}.`,
    );
  }
  const { operatorKey, gatewayUrl } = record;
  if (!operatorKey || !ALWAYS_THERE.every((name) => record[`${name}Url`])) {
    throw new CommandFailed(`Kith is just starting from ${shown}: try again when it has printed its addresses.`);
  }
  const urls = fieldsOfEach(ALWAYS_THERE, 'Url', (name) => record[`${name}Url`] ?? '');
  const { webhookUrl } = record;
  return { ...urls, ...(webhookUrl && { webhookUrl }), operatorKey, ...(gatewayUrl && { gatewayUrl }) };
}

/** A folder on a disk that does not answer would be waited for without a word. */
async function inTime<Read>(reading: Promise<Read>, shown: string): Promise<Read> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const seconds = ANSWERS_WITHIN_MS / 1_000;
    const sentence = `${shown} did not answer within ${seconds} s: set KITH_DATA to a folder on a disk that answers.`;
    timer = setTimeout(() => reject(new CommandFailed(sentence, { code: 'FOLDER_HANGS' })), ANSWERS_WITHIN_MS);
  });
  return Promise.race([reading, late]).finally(() => clearTimeout(timer));
}

const trimmed = (url: string) => url.replace(/\/+$/, '');
