import { CommandFailed, UsedWrongly } from '../running-system/end-with-a-code.ts';
import { wordsOfFileError } from '../running-system/explain-file-error.ts';
import { NoEdgeList, NoFile, readEdgeList } from './read-edge-list.ts';
import { type EdgeListLine, type IdKind, usernameOf } from './read-edge-list-line.ts';

export type EdgeListFile = { file: string; ids: IdKind };
export type BadLine = { line: number; reason: string };

/** What an edge list holds, before anything is written. */
export type Survey = {
  /** By username, in order of appearance: the id as it was first written. */
  people: Map<string, string>;
  edgeCount: number;
  badCount: number;
  /** The first of them. */
  badLines: BadLine[];
  /** Lines with more than two ids; undefined when there is none. */
  ignored?: { lineCount: number; firstLine: number; text: string };
};

const MOST_REPORTED = 100;

/**
 * First pass: who is in it, and how many lines are edges.
 *
 * @throws {UsedWrongly} when it is no file; {CommandFailed} when it cannot be read, or has no line that is an edge
 */
export async function surveyEdgeList(from: EdgeListFile): Promise<Survey> {
  const survey: Survey = { people: new Map(), edgeCount: 0, badCount: 0, badLines: [] };
  try {
    for await (const line of edgesOf(from, survey.people)) {
      if (line.kind === 'bad') {
        survey.badCount += 1;
        if (survey.badLines.length < MOST_REPORTED) survey.badLines.push({ line: line.line, reason: line.reason });
        continue;
      }
      survey.edgeCount += 1;
      if (line.further === undefined) continue;
      survey.ignored ??= { lineCount: 0, firstLine: line.line, text: line.further };
      survey.ignored.lineCount += 1;
    }
  } catch (error) {
    throw explained(error, from.file);
  }
  return survey;
}

/**
 * The lines of the file. An id that is written otherwise than another of the same username is bad: two people would become
 * one.
 *
 * @param people those who are known; whoever is not yet is added
 */
export async function* edgesOf({ file, ids }: EdgeListFile, people: Map<string, string>): AsyncGenerator<EdgeListLine> {
  for await (const line of readEdgeList(file, ids)) {
    if (line.kind === 'bad') {
      yield line;
      continue;
    }
    const both = [line.a, line.b].map((id) => [usernameOf(id, ids), id] as const);
    const clash = both.find(([username, id]) => !isSame(people.get(username) ?? id, id));
    if (clash) {
      const [username, id] = clash;
      const reason = `"${id}" and "${people.get(username)}" would be one user, ${username}`;
      yield { kind: 'bad', line: line.line, reason };
      continue;
    }
    for (const [username, id] of both) if (!people.has(username)) people.set(username, id);
    yield line;
  }
}

/** In any case and composition. */
const isSame = (one: string, other: string) => one === other || written(one) === written(other);
const written = (id: string) => id.normalize('NFKC').toLowerCase();

function explained(error: unknown, file: string): Error {
  if (error instanceof NoFile) return new UsedWrongly(`${file} ${error.message}`);
  if (error instanceof NoEdgeList) {
    return new CommandFailed(`${file} ${error.message} Nothing was imported.`, { code: 'NO_EDGES', cause: error });
  }
  const { code, message } = error as NodeJS.ErrnoException;
  const words = wordsOfFileError(error);
  const why = words === undefined ? message : `${words} (${code})`;
  return new CommandFailed(`${file} cannot be read: ${why}. Nothing was imported.`, {
    code: 'FILE_ERROR',
    cause: error,
  });
}
