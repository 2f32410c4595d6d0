import { FriendRuleError } from '../domain/friend-rule-error.ts';
import { Relationship } from '../domain/relationship.ts';
import type { FriendDetails, FriendLimits, FriendRequest, Person, Side } from '../domain/relationship-state.ts';
import { rowChangesOf } from '../relationships/save-relationships.ts';

/** What somebody does about somebody else. */
export type Deed =
  | { readonly kind: 'add'; readonly remark: string | null }
  | { readonly kind: 'update'; readonly remark?: string | null; readonly pinned?: boolean; readonly tags?: string[] }
  | { readonly kind: 'bind' | 'remove' | 'block' | 'unblock' }
  | { readonly kind: 'accept' | 'decline' | 'cancel' };

/** What was recorded, or the code of the refusal. `request`: what accept, decline and cancel are about. */
export function outcomeOf(relationship: Relationship, deed: Deed, request?: FriendRequest): string {
  try {
    if (deed.kind === 'add' || deed.kind === 'update') relationship[deed.kind](deed);
    else if (deed.kind === 'accept') relationship.accept(request!, null);
    else if (deed.kind === 'decline' || deed.kind === 'cancel') relationship[deed.kind](request!);
    else relationship[deed.kind]();
  } catch (error) {
    if (error instanceof FriendRuleError) return error.code;
    throw error;
  }
  return relationship.events.map(({ name }) => name).join(' + ');
}

export interface WorldState {
  readonly friends: Record<string, Pick<FriendDetails, 'remark' | 'pinned' | 'tags'>>;
  readonly requests: Record<string, FriendRequest['status']>;
  readonly blocks: readonly string[];
}

/** The rules applied to one deed after the other, in memory: what a database must not be told from. */
export class SequentialWorld {
  readonly #people: Map<string, Person>;
  readonly #limits: FriendLimits;
  readonly #friends = new Map<string, FriendDetails>();
  readonly #requests = new Map<string, FriendRequest>();
  readonly #blocks = new Set<string>();

  constructor(people: readonly Person[], limits: FriendLimits) {
    this.#people = new Map(people.map((person) => [person.userId, person]));
    this.#limits = limits;
  }

  /** `newRequestId`: which id a request gets that the deed sends. */
  do(viewerId: string, otherId: string, deed: Deed, ids: { requestId?: string; newRequestId?: string }): string {
    const moment = { now: new Date(), newId: () => ids.newRequestId ?? 'none' };
    const relationship = new Relationship(this.#stateOf(viewerId, otherId), moment, this.#limits);
    const outcome = outcomeOf(relationship, deed, ids.requestId ? this.#requests.get(ids.requestId) : undefined);
    this.#save(relationship);
    return outcome;
  }

  /** What `do` would answer, and nothing is done; undefined where nobody could have decided. */
  wouldDo(viewerId: string, otherId: string, deed: Deed, { requestId }: { requestId?: string }): string | undefined {
    const request = requestId ? this.#requests.get(requestId) : undefined;
    if (!this.has(viewerId) || !this.has(otherId) || (requestId && !request)) return undefined;
    const moment = { now: new Date(), newId: () => 'none' };
    return outcomeOf(new Relationship(this.#stateOf(viewerId, otherId), moment, this.#limits), deed, request);
  }

  leave(userId: string): void {
    for (const otherId of this.#people.keys()) {
      if (otherId === userId) continue;
      const moment = { now: new Date(), newId: () => 'none' };
      const relationship = new Relationship(this.#stateOf(userId, otherId), moment, this.#limits);
      relationship.part();
      this.#save(relationship);
    }
    this.#people.delete(userId);
    for (const [id, { fromId, toId }] of this.#requests) {
      if (fromId === userId || toId === userId) this.#requests.delete(id);
    }
    for (const block of this.#blocks) if (block.includes(userId)) this.#blocks.delete(block);
  }

  has(userId: string): boolean {
    return this.#people.has(userId);
  }

  get state(): WorldState {
    const friends = [...this.#friends].map(
      ([key, { remark, pinned, tags }]) => [key, { remark, pinned, tags: [...tags] }] as const,
    );
    return {
      friends: Object.fromEntries(friends),
      requests: Object.fromEntries([...this.#requests].map(([id, { status }]) => [id, status])),
      blocks: [...this.#blocks].sort(),
    };
  }

  #stateOf(viewerId: string, otherId: string) {
    const between = [...this.#requests.values()].filter(
      ({ fromId, toId }) => (fromId === viewerId && toId === otherId) || (fromId === otherId && toId === viewerId),
    );
    const declined = between.filter(({ fromId, status }) => fromId === viewerId && status === 'DECLINED');
    return {
      viewer: this.#side(viewerId, otherId),
      other: this.#side(otherId, viewerId),
      openRequest: between.find(({ status }) => status === 'OPEN') ?? null,
      declinedAt: declined.at(-1)?.closedAt ?? null,
    };
  }

  #side(userId: string, otherId: string): Side {
    const open = [...this.#requests.values()].filter(({ status }) => status === 'OPEN');
    return {
      person: this.#people.get(userId)!,
      friend: this.#friends.get(`${userId} ${otherId}`) ?? null,
      blocks: this.#blocks.has(`${userId} ${otherId}`),
      friendCount: [...this.#friends.keys()].filter((key) => key.startsWith(userId)).length,
      requestCount: open.filter(({ fromId, toId }) => fromId === userId || toId === userId).length,
    };
  }

  #save(relationship: Relationship): void {
    const { friends, requests, blocks } = rowChangesOf(relationship.events);
    for (const [key, { details }] of friends) {
      if (details) this.#friends.set(key, details);
      else this.#friends.delete(key);
    }
    for (const [id, request] of requests) this.#requests.set(id, request);
    for (const [key, { since }] of blocks) {
      if (since) this.#blocks.add(key);
      else this.#blocks.delete(key);
    }
  }
}
