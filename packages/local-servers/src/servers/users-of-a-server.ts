import { randomBytes } from 'node:crypto';

/**
 * Access control: who may connect to a server, and the part of the server's configuration that says so and what each of
 * them may do. Nobody else may connect.
 */
export type ServerUsers<User extends string> = {
  readonly names: readonly User[];
  configurationFor(passwords: Passwords<User>): string;
};

/** Hexadecimal, or without spaces at least: they stand in a line of a configuration. */
export type Passwords<User extends string> = Readonly<Record<User, string>>;

/** The operator, who may do everything on a server of ours; `url` of a server is his. */
export const OPERATOR = 'kith';

const ofThisProcess = new Map<string, string>();

/** So that a test may start its server again, on the same port, for those who knew the first. */
export function passwordsOfThisProcess<User extends string>(names: readonly User[]): Passwords<User> {
  return Object.fromEntries(names.map((name) => [name, passwordOfThisProcess(name)])) as Passwords<User>;
}

export function passwordOfThisProcess(name: string): string {
  const known = ofThisProcess.get(name) ?? randomBytes(24).toString('hex');
  ofThisProcess.set(name, known);
  return known;
}

/** The address of a server on this machine, as one of its users. */
export function addressOf(scheme: 'nats' | 'redis', port: number, user: string, password: string): string {
  return `${scheme}://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}`;
}
