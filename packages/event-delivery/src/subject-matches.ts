/** NATS' rules (https://docs.nats.io/nats-concepts/subjects): `*` is one token, `>` is one or more at the end. */
export function subjectMatches(pattern: string, subject: string): boolean {
  if (pattern === subject) return true;
  const wanted = pattern.split('.');
  const tokens = subject.split('.');
  for (const [at, word] of wanted.entries()) {
    if (word === '>') return tokens.length > at;
    if (word !== '*' && word !== tokens[at]) return false;
    if (at >= tokens.length) return false;
  }
  return tokens.length === wanted.length;
}
