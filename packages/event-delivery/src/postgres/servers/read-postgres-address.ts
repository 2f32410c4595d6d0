/** The values of `target_session_attrs`, as in libpq: https://www.postgresql.org/docs/current/libpq-connect.html. */
const SESSIONS = ['any', 'read-write', 'primary', 'read-only', 'standby'] as const;
export type WantedSession = (typeof SESSIONS)[number];

export interface PostgresAddress {
  /** A URL for each server, in the order in which they are tried. */
  readonly servers: readonly [string, ...string[]];
  /** `target_session_attrs`: default `any`. */
  readonly wanted: WantedSession;
}

/** An address of Postgres that cannot be used; the message says why, and repeats no password. */
export class BadPostgresAddress extends Error {
  readonly code = 'BAD_POSTGRES_ADDRESS';
  override name = 'BadPostgresAddress';
}

const FORM =
  /^(?<scheme>postgres(?:ql)?:\/\/)(?<user>[^/?#]*@)?(?<hosts>[^/?#@]*)(?<path>\/[^?#]*)?(?<query>\?[^#]*)?$/;

/**
 * Multi-host connection string (libpq): `postgres://user:password@a:5432,b:5433/name?target_session_attrs=read-write`
 * names several servers of one database. Hosts are names, IPv4 or `[IPv6]`; a port that is missing is 5432.
 *
 * @throws {BadPostgresAddress}
 */
export function readPostgresAddress(url: string): PostgresAddress {
  const { scheme, user = '', hosts = '', path = '', query = '' } = FORM.exec(url)?.groups ?? {};
  if (scheme === undefined) {
    throw new BadPostgresAddress('must be a URL as postgres://user:password@host:5432/name, percent-encoded');
  }
  const { wanted, rest } = takeWanted(query);
  const urls = hosts.split(',').map((host) => `${scheme}${user}${host}${path}${rest}`);
  const several = urls.length > 1;
  if (
    urls.some((each, n) => !URL.canParse(each) || (several && (hosts.split(',')[n] ?? '').replace(/:\d*$/, '') === ''))
  ) {
    throw new BadPostgresAddress('must name each server as host or host:port, separated by commas');
  }
  return { servers: urls as [string, ...string[]], wanted };
}

function takeWanted(query: string): { wanted: WantedSession; rest: string } {
  const NAME = 'target_session_attrs';
  const parameters = query.slice(1).split('&').filter(Boolean);
  const said = parameters.findLast((each) => each.startsWith(`${NAME}=`))?.slice(NAME.length + 1) ?? 'any';
  const wanted = SESSIONS.find((each) => each === said);
  if (wanted === undefined) throw new BadPostgresAddress(`may ask with ${NAME} for ${SESSIONS.join(', ')} alone`);
  const others = parameters.filter((each) => !each.startsWith(`${NAME}=`));
  return { wanted, rest: others.length > 0 ? `?${others.join('&')}` : '' };
}
