import { CommandFailed } from './end-with-a-code.ts';

/** https://nodejs.org/api/errors.html#common-system-errors, of files alone. */
const IN_WORDS: Readonly<Record<string, string>> = {
  EACCES: 'you may not open it',
  EBUSY: 'it is in use',
  EEXIST: 'it is there already',
  EFBIG: 'it would grow too large',
  EIO: 'its disk fails',
  EISDIR: 'it is a folder',
  ELOOP: 'its links lead in a circle',
  EMFILE: 'too many files are open',
  ENAMETOOLONG: 'its name is too long',
  ENFILE: 'too many files are open',
  ENODEV: 'there is no such device',
  ENOENT: 'it is not there',
  ENOSPC: 'its disk is full',
  ENOTDIR: 'a part of its path is no folder',
  ENXIO: 'there is no such device',
  EPERM: 'you may not change it',
  EROFS: 'its disk is read-only',
  ETXTBSY: 'it is being run',
};

/** What an error of the file system means, as the end of a sentence; undefined for every other error. */
export function wordsOfFileError(error: unknown): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? IN_WORDS[code] : undefined;
}

/** The same failure in a sentence that names the file; what is no error of the file system as it was. */
export function explainFileError(error: unknown, file?: string): unknown {
  const words = wordsOfFileError(error);
  const path = file ?? (error as NodeJS.ErrnoException).path;
  if (words === undefined || path === undefined) return error;
  const { code } = error as NodeJS.ErrnoException;
  return new CommandFailed(`${path} cannot be used: ${words} (${code}).`, { code: 'FILE_ERROR', cause: error });
}
