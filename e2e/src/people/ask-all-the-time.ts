import { ask } from './ask-gateway.ts';
import { readPage, UPDATE_FRIEND } from './friend-operations.ts';
import type { Person } from './person.ts';

const SEARCH = '{ searchUsers(text: "bo", first: 3) { edges { node { username } } } }';

/** What people sent, and what became of it. */
export interface AskedAllTheTime {
  readonly answered: { mutations: number; reads: number };
  /** The remarks that were made, one after the other. */
  readonly written: readonly string[];
  /** What a client was refused, or got no answer to: nothing is sent twice. */
  readonly errors: readonly unknown[];
  /** Resolves when all that was sent is answered. */
  stop(): Promise<void>;
}

/**
 * Load (a closed loop): one client changes its remark of a friend again and again, two read lists and search. None of
 * them tries anything twice.
 */
export function askAllTheTime(of: Person, friend: Person): AskedAllTheTime {
  let over = false;
  const errors: unknown[] = [];
  const answered = { mutations: 0, reads: 0 };
  const written: string[] = [];
  const send = async (operation: { query: string; variables?: Record<string, unknown> }) => {
    const answer = await ask(of.gatewayUrl, { ...operation, token: of.token }).catch((error: unknown) => ({
      errors: [String((error as Error).cause ?? error)],
    }));
    errors.push(...answer.errors);
  };
  const writer = async () => {
    while (!over) {
      const remark = `remark ${written.length + 1}`;
      await send({ query: UPDATE_FRIEND, variables: { input: { userId: friend.id, remark } } });
      written.push(remark);
      answered.mutations += 1;
    }
  };
  const reader = async () => {
    while (!over) {
      await readPage(of).catch((error: unknown) => errors.push(error));
      await send({ query: SEARCH });
      answered.reads += 2;
    }
  };
  const clients = Promise.all([writer(), reader(), reader()]);
  return {
    answered,
    written,
    errors,
    async stop() {
      over = true;
      await clients;
    },
  };
}
