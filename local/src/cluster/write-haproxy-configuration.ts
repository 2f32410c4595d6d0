export interface BalancedGateways {
  /** An address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  readonly gateways: readonly { readonly name: string; readonly host: string; readonly port: number }[];
}

const NOBODY = JSON.stringify({
  errors: [{ message: 'No gateway answers: try again in a moment.', extensions: { code: 'SERVICE_UNAVAILABLE' } }],
});

/**
 * HAProxy's configuration: least connections among the gateways whose `/ready` answers 200; while none does, among all
 * of them (panic threshold). A request is sent to another gateway only where the first did not take the connection: then
 * it cannot have been done.
 * https://docs.haproxy.org/2.6/configuration.html
 */
export function writeHaproxyConfiguration({ host, port, gateways }: BalancedGateways): string {
  return [
    'global',
    '  log stdout format raw daemon notice',
    'defaults',
    '  log global',
    '  mode http',
    '  timeout connect 1s',
    '  timeout http-request 10s',
    '  timeout http-keep-alive 1m',
    '  # Live lists are quiet for long: gateways ping their sockets, and end those that do not answer.',
    '  timeout client 1h',
    '  timeout server 1h',
    '  timeout tunnel 1h',
    '  # Where no gateway answers a client is told as a gateway tells it.',
    ...[502, 503, 504].map(
      (status) => `  http-error status ${status} content-type application/json string '${NOBODY}'`,
    ),
    'frontend kith',
    `  bind ${addressOf(host, port)}`,
    '  # In place of whatever a client says of itself: the gateways trust this proxy.',
    '  http-request set-header X-Forwarded-Host %[req.hdr(host)]',
    '  http-request set-header X-Forwarded-Proto http',
    '  option forwardfor',
    '  default_backend gateways',
    'backend gateways',
    '  balance leastconn',
    '  # A gateway may close a connection that it kept at the very moment when a request is sent to it.',
    '  option http-server-close',
    '  option redispatch 1',
    '  retries 3',
    '  retry-on conn-failure',
    '  option httpchk GET /ready',
    '  http-check expect status 200',
    '  timeout check 2s',
    '  default-server check inter 250ms fall 2 rise 1',
    ...gateways.map((gateway) => `  server ${gateway.name} ${addressOf(gateway.host, gateway.port)}`),
    '  # Where none is ready all are asked: what they all miss, or are slow by, is no reason to answer nobody.',
    '  option allbackups',
    ...gateways.map(
      (gateway) => `  server ${gateway.name}-anyway ${addressOf(gateway.host, gateway.port)} no-check backup`,
    ),
    '',
  ].join('\n');
}

const addressOf = (host: string, port: number) => (host.includes(':') ? `ipv6@[${host}]:${port}` : `${host}:${port}`);
