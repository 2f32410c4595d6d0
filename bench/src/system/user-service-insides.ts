/** The search of the user service, measured without HTTP around it; no interface, and may change with the service. */
export { FOLDING, saveWords } from '../../../services/user/src/search/save-words.ts';
export { searchUsers } from '../../../services/user/src/search/search-users.ts';
export { searchableWords } from '../../../services/user/src/search/words-of.ts';
