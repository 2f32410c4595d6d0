import { forgetFirstBeyond } from '../concurrency/forget-first-beyond.ts';

/** Repeated documents are short; long ones would fill the memory that all share. */
const LONGEST_REMEMBERED = 10_000;
const MAX_REMEMBERED = 500;

/**
 * Bounded cache (LRU): parsed documents by their text, the newest `MAX_REMEMBERED`: some tens of megabytes at the very
 * most.
 */
export function rememberDocuments<Parsed>(maxRemembered = MAX_REMEMBERED) {
  const parsed = new Map<string, Parsed>();
  return {
    get(text: string): Parsed | undefined {
      const found = parsed.get(text);
      if (found === undefined) return undefined;
      // A Map keeps the order of insertion: a used entry moves to the end.
      parsed.delete(text);
      parsed.set(text, found);
      return found;
    },
    set(text: string, document: Parsed): void {
      if (text.length > LONGEST_REMEMBERED) return;
      parsed.set(text, document);
      forgetFirstBeyond(maxRemembered, parsed);
    },
    get size() {
      return parsed.size;
    },
  };
}
