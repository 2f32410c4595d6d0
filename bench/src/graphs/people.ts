import { createHash } from 'node:crypto';

/** A person of a graph, made of their number alone, so that both databases know the same. */
export interface GraphPerson {
  readonly id: string;
  readonly username: string;
  readonly nickname: string;
  readonly friendPolicy: 'OPEN' | 'APPROVAL' | 'CLOSED';
  readonly createdAt: string;
}

/** 2024-01-01. */
const FIRST_SIGNED_UP_MS = 1_704_067_200_000;
const SIGNED_UP_EVERY_MS = 60_000;

const SYLLABLES = [
  'an',
  'be',
  'ca',
  'do',
  'el',
  'fi',
  'ga',
  'ho',
  'in',
  'jo',
  'ka',
  'lu',
  'ma',
  'no',
  'ol',
  'pe',
  'ra',
  'so',
  'ti',
  'vi',
];

/** Names as people have them: some very common, most rare. Of a number, so that each run has the same. */
export function nameOf(number: number, salt: number): string {
  const spread = (number * 2_654_435_761 + salt * 40_503) % 8_000;
  // The square makes small numbers frequent.
  const rank = Math.floor(spread ** 2 / 8_000);
  const [one, two, three] = [rank % 20, Math.floor(rank / 20) % 20, Math.floor(rank / 400) % 20];
  return `${SYLLABLES[one]}${SYLLABLES[two]}${SYLLABLES[three]}`;
}

/**
 * Person `number` of `people`. Ids are UUIDs of version 7 (RFC 9562, 5.7) in the order in which people signed up, and
 * who has many friends is no older than others. A twentieth can be befriended by nobody (CLOSED).
 */
export function personOf(number: number, people: number): GraphPerson {
  // A prime, and so a permutation: the best connected are spread over all who signed up.
  const joined = (number * 7_368_787 + 13) % people;
  const at = FIRST_SIGNED_UP_MS + joined * SIGNED_UP_EVERY_MS;
  const time = at.toString(16).padStart(12, '0');
  const random = createHash('md5').update(String(number)).digest('hex');
  return {
    id: `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-8${random.slice(3, 6)}-${random.slice(6, 18)}`,
    username: `${nameOf(number, 1)}_${number}`,
    nickname: `${nameOf(number, 2)} ${nameOf(number, 3)}`,
    friendPolicy: number % 20 === 7 ? 'CLOSED' : number % 3 === 0 ? 'OPEN' : 'APPROVAL',
    createdAt: new Date(at).toISOString(),
  };
}
