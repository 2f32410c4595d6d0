import type { HeldBack } from '../connection/held-back.ts';

/** What is said of a person after the deed: "Ben is removed". */
export const WORDS_OF_DEEDS: Readonly<Record<HeldBack['kind'], string>> = {
  remove: 'is removed',
  block: 'is blocked',
  decline: 'is declined',
  cancel: 'is not asked any more',
};
