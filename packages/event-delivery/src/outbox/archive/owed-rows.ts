/** Stands in a row for the number that the stream has lost, until the row is published again (`stream/publish-again.ts`). */
export const OWED = -1;
