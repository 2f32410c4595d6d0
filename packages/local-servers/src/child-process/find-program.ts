import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

// An ordinary user's PATH often lacks the folders where Debian puts servers.
const MORE_FOLDERS = ['/usr/local/bin', '/usr/bin', '/usr/local/sbin', '/usr/sbin', '/opt/homebrew/bin'];

/** The path of the first of these programs that is installed. */
export function findProgram(commands: readonly string[], path = process.env.PATH ?? ''): string | undefined {
  const folders = [...new Set([...path.split(delimiter).filter(Boolean), ...MORE_FOLDERS])];
  for (const command of commands) {
    const found = folders.map((folder) => join(folder, command)).find(canBeRun);
    if (found !== undefined) return found;
  }
  return undefined;
}

function canBeRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
