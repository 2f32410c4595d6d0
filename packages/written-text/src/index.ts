export { foldText, partAtApostrophes, saysNothing } from './fold-text.ts';
export { hasSomethingToSee, isOneLine, keepsItsDirection } from './is-fit-to-show.ts';
export { compareCodePoints, compareInNameOrder, compareInNewestOrder, nameKey, newestKey } from './order-friends.ts';
