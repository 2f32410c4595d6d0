/** A parsed REDIS_URL: where Redis is, and the credentials for it. */
export interface RedisAddress {
  /** `server`: one server, or a node that reports its cluster; `cluster`: nodes of one; `sentinel`: Sentinels. */
  readonly kind: 'server' | 'cluster' | 'sentinel';
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
  readonly tls: boolean;
  readonly sentinel?: {
    /** The name of the primary on its Sentinels. */
    readonly primary: string;
    readonly username: string | undefined;
    readonly password: string | undefined;
  };
}

const SHAPES =
  'redis://user:password@host:6379, redis+cluster://host:6379,host:6379 or redis+sentinel://host:26379,host:26379/primary, with rediss for TLS';
const WHOLE = /^(rediss?)(?:\+(cluster|sentinel))?:\/\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/i;
const HOST = /^(\[[0-9a-f:.%]+\]|[^\s:@[\]]+)(?::(\d{1,5}))?$/i;

/**
 * Parses a REDIS_URL. Several hosts without a kind are nodes of a cluster; each may repeat the scheme and password of
 * the first. Users and passwords are percent-encoded.
 *
 * @throws {TypeError} with a message for the operator, without the password
 */
export function readRedisUrl(text: string): RedisAddress {
  const joined = text
    .trim()
    .replace(/\s*,\s*rediss?(?:\+\w+)?:\/\//gi, ',')
    .replace(/\s*,\s*/g, ',');
  const [, scheme, written, authority = '', path = '', query = ''] = WHOLE.exec(joined) ?? [];
  if (scheme === undefined) throw new TypeError(`must be a URL as ${SHAPES}`);
  const { userInfo, hosts: texts } = hostsIn(authority);
  const kind = (written?.toLowerCase() ?? (texts.length > 1 ? 'cluster' : 'server')) as RedisAddress['kind'];
  const hosts = texts.map((each) => hostIn(each, kind === 'sentinel' ? 26_379 : 6379));
  const options = new URLSearchParams(query);
  for (const name of options.keys()) {
    if (kind === 'sentinel' && (name === 'sentinel_username' || name === 'sentinel_password')) continue;
    throw new TypeError(`has the option ${name}, which nothing knows`);
  }
  const parts = path.split('/').filter((part) => part !== '');
  const primary = kind === 'sentinel' ? decoded(parts.shift() ?? '') : '';
  if (kind === 'sentinel' && primary === '') {
    throw new TypeError(
      'must end with what the Sentinels call the primary, as in redis+sentinel://host:26379/mymaster',
    );
  }
  const db = databaseIn(parts);
  if (kind === 'cluster' && db > 0) throw new TypeError('names a database, and a cluster has none but 0');
  const colon = userInfo.indexOf(':');
  return {
    ...{ kind, hosts, db, tls: scheme.toLowerCase() === 'rediss' },
    username: orNone(decoded(colon < 0 ? userInfo : userInfo.slice(0, colon))),
    password: orNone(colon < 0 ? '' : decoded(userInfo.slice(colon + 1))),
    ...(kind === 'sentinel' && {
      sentinel: {
        primary,
        username: orNone(options.get('sentinel_username') ?? ''),
        password: orNone(options.get('sentinel_password') ?? ''),
      },
    }),
  };
}

/** The user stands before the first host; others may repeat it. */
function hostsIn(authority: string): { userInfo: string; hosts: string[] } {
  if (!/@.*,.*@/.test(authority)) {
    const at = authority.lastIndexOf('@');
    const userInfo = authority.slice(0, Math.max(at, 0));
    if (/^[^:]*,/.test(userInfo))
      throw new TypeError('names its user behind the first host: write it before all hosts');
    return { userInfo, hosts: authority.slice(at + 1).split(',') };
  }
  const all = authority.split(',').map((part) => {
    const at = part.lastIndexOf('@');
    return { user: part.slice(0, Math.max(at, 0)), host: part.slice(at + 1) };
  });
  const users = [...new Set(all.map(({ user }) => user).filter((user) => user !== ''))];
  if (users.length > 1) throw new TypeError('names several users: all servers of a cluster are opened as one');
  return { userInfo: users[0] ?? '', hosts: all.map(({ host }) => host) };
}

function hostIn(text: string, usualPort: number): { host: string; port: number } {
  const [, host = '', port] = HOST.exec(text) ?? [];
  if (host === '') throw new TypeError(`must be a URL as ${SHAPES}: one host is missing or cannot be read`);
  const number = port === undefined ? usualPort : Number(port);
  if (number < 1 || number > 65_535) throw new TypeError(`has the port ${port}: ports go from 1 to 65535`);
  return { host: host.replace(/^\[|\]$/g, ''), port: number };
}

function databaseIn(parts: readonly string[]): number {
  const [text = '0', ...more] = parts;
  if (more.length > 0 || !/^\d{1,5}$/.test(text)) {
    throw new TypeError(`may end with the number of a database alone, as in /0, and not with /${parts.join('/')}`);
  }
  return Number(text);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new TypeError('has a user, a password or a name that is not percent-encoded (% is %25)');
  }
}

const orNone = (text: string) => (text === '' ? undefined : text);
