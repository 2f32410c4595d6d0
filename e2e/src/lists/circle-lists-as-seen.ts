import { ListAsSeen, type ListToWatch, type SeenPlace } from './list-as-seen.ts';

export interface SeenMember {
  readonly role: string;
  readonly joinedAt: string;
  readonly user: { readonly id: string };
}

export interface MembersChange extends SeenPlace {
  readonly members?: readonly SeenMember[];
  readonly member?: SeenMember;
  readonly userId?: string;
}

const WATCH_MEMBERS = /* GraphQL */ `
  subscription Watch($after: String, $circleId: ID!) {
    circleMembersChanged(circleId: $circleId, after: $after) {
      __typename revision cursor occurredAt
      ... on CircleMembersSnapshot { reason complete members { ...M } }
      ... on CircleMemberJoined { member { ...M } }
      ... on CircleMemberChanged { member { ...M } }
      ... on CircleMemberLeft { userId }
    }
  }
  fragment M on CircleMember { role joinedAt user { id } }
`;

/** The members of a circle as one subscriber sees them. */
export class CircleMembersAsSeen extends ListAsSeen<MembersChange> {
  #members = new Map<string, SeenMember>();

  get contents() {
    return { members: inOrder([...this.#members.values()], ({ user }) => user.id) };
  }

  protected replaceBy(pages: readonly MembersChange[]): void {
    this.#members = this.unique(
      pages.flatMap(({ members }) => members ?? []).map((member) => [member.user.id, member]),
    );
  }

  protected apply({ __typename: kind, revision, member, userId }: MembersChange): void {
    const id = member?.user.id ?? userId!;
    const isThere = this.#members.has(id);
    if (isThere === (kind === 'CircleMemberJoined'))
      this.problem(`revision ${revision}, ${kind}, does not fit the list`);
    if (member) this.#members.set(id, member);
    else this.#members.delete(id);
  }
}

export const membersOf = (circleId: string): ListToWatch<CircleMembersAsSeen> => ({
  query: WATCH_MEMBERS,
  variables: { circleId },
  seen: (after, options) => new CircleMembersAsSeen(after, options),
});

export interface SeenCircle {
  readonly name: string;
  readonly role: string;
  readonly joinedAt: string;
  readonly circle: { readonly id: string };
}

export interface OwnCirclesChange extends SeenPlace {
  readonly circles?: readonly SeenCircle[];
  readonly circle?: SeenCircle;
  readonly circleId?: string;
}

const WATCH_OWN_CIRCLES = /* GraphQL */ `
  subscription Watch($after: String) {
    ownCirclesChanged(after: $after) {
      __typename revision cursor occurredAt
      ... on OwnCirclesSnapshot { reason complete circles { ...C } }
      ... on OwnCircleAdded { circle { ...C } }
      ... on OwnCircleChanged { circle { ...C } }
      ... on OwnCircleRemoved { circleId }
    }
  }
  fragment C on OwnCircle { name role joinedAt circle { id } }
`;

/** Somebody's own circles as one subscriber sees them. */
export class OwnCirclesAsSeen extends ListAsSeen<OwnCirclesChange> {
  #circles = new Map<string, SeenCircle>();

  get contents() {
    return { circles: inOrder([...this.#circles.values()], ({ circle }) => circle.id) };
  }

  protected replaceBy(pages: readonly OwnCirclesChange[]): void {
    this.#circles = this.unique(pages.flatMap(({ circles }) => circles ?? []).map((own) => [own.circle.id, own]));
  }

  protected apply({ __typename: kind, revision, circle, circleId }: OwnCirclesChange): void {
    const id = circle?.circle.id ?? circleId!;
    if (this.#circles.has(id) === (kind === 'OwnCircleAdded')) {
      this.problem(`revision ${revision}, ${kind}, does not fit the list`);
    }
    if (circle) this.#circles.set(id, circle);
    else this.#circles.delete(id);
  }
}

export const OWN_CIRCLES: ListToWatch<OwnCirclesAsSeen> = {
  query: WATCH_OWN_CIRCLES,
  seen: (after, options) => new OwnCirclesAsSeen(after, options),
};

function inOrder<Entry>(entries: readonly Entry[], idOf: (entry: Entry) => string): Entry[] {
  return entries.toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
}
