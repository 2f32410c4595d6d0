/**
 * Writes plain data as block-style YAML 1.2 (https://yaml.org/spec/1.2.2/). Strings that could be read as something else
 * are quoted as in JSON, which YAML reads alike.
 */
export function writeYaml(value: unknown): string {
  return `${node(value, '').trimStart()}\n`;
}

function node(value: unknown, indent: string): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return ' []';
    return value.map((item) => `\n${indent}- ${node(item, `${indent}  `).trimStart()}`).join('');
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
    if (entries.length === 0) return ' {}';
    return entries.map(([key, inner]) => `\n${indent}${scalar(key)}:${node(inner, `${indent}  `)}`).join('');
  }
  return ` ${typeof value === 'string' ? scalar(value) : JSON.stringify(value)}`;
}

function scalar(text: string): string {
  const isPlain = /^[A-Za-z_/][\w./>*{}-]*( [\w./(),'>-]+)*$/.test(text);
  const isSomethingElse = /^(true|false|null|yes|no|on|off|y|n|~)$/i.test(text);
  return isPlain && !isSomethingElse ? text : JSON.stringify(text);
}
