import { relative } from 'node:path';
import type { OperatorAccess } from '@kith/local';
import { dataFolder, readSystemRecord, stillRuns } from '@kith/local';
import { CommandFailed } from './end-with-a-code.ts';

export type RunningSystemAccess = OperatorAccess & { gatewayUrl?: string };

/**
 * The system that the variables USER_URL, FRIEND_URL and OPERATOR_KEY name, or the one that runs from KITH_DATA.
 *
 * @throws {CommandFailed} that says what to start or to set
 */
export async function findRunningSystem(env = process.env): Promise<RunningSystemAccess> {
  const { USER_URL, FRIEND_URL, OPERATOR_KEY } = env;
  if (USER_URL && FRIEND_URL && OPERATOR_KEY) {
    return { userUrl: trimmed(USER_URL), friendUrl: trimmed(FRIEND_URL), operatorKey: OPERATOR_KEY };
  }
  const folder = dataFolder(env.KITH_DATA || undefined);
  const shown = relative(process.cwd(), folder) || folder;
  const record = await readSystemRecord(folder);
  if (!record || !stillRuns(record.startedBy)) {
    throw new CommandFailed(
      `Kith does not run from ${shown}: start it with npx -y pnpm@12 start, or set KITH_DATA, or USER_URL, FRIEND_URL and OPERATOR_KEY.`,
    );
  }
  const { userUrl, friendUrl, operatorKey, gatewayUrl } = record;
  if (!userUrl || !friendUrl || !operatorKey) {
    throw new CommandFailed(`Kith is just starting from ${shown}: try again when it has printed its addresses.`);
  }
  return { userUrl, friendUrl, operatorKey, ...(gatewayUrl && { gatewayUrl }) };
}

const trimmed = (url: string) => url.replace(/\/+$/, '');
