import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as renderTemplate } from '@evertdespiegeleer/go-template';
import { workspaceRoot } from '@kith/local';
import { Ajv } from 'ajv';
import { parse, parseAllDocuments } from 'yaml';

const CHART = join(workspaceRoot, 'deploy/helm/kith');
const readChart = (path: string) => readFileSync(join(CHART, path), 'utf8');

export type Manifest = {
  apiVersion: string;
  kind: string;
  metadata: { name: string; annotations?: Record<string, string> };
  spec: Record<string, unknown>;
};
export type Values = { processes: Record<string, ProcessValues>; settings: Record<string, string> } & Record<
  string,
  unknown
>;
export type ProcessValues = {
  enabled: boolean;
  program: string;
  port: number;
  asks: string[];
  secretVariables: string[];
  storePorts: number[];
  signsTokens: boolean;
  settings: Record<string, string>;
};

/** The chart's own values, changed by `change`. */
export function valuesWith(change: (values: Values) => void = () => undefined): Values {
  const values = parse(readChart('values.yaml')) as Values;
  change(values);
  return values;
}

/** Validates values by values.schema.json, as Helm does before it renders; returns the errors. */
export function whatIsWrongWith(values: unknown): string[] {
  const validate = new Ajv({ allErrors: true, strict: false }).compile(JSON.parse(readChart('values.schema.json')));
  if (validate(values)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/**
 * Rendered as Helm renders, with Go's text/template; the templates use none of the functions that Helm adds. Throws on
 * values that the schema refuses.
 */
export async function renderChart(values: Values, releaseName = 'social'): Promise<Manifest[]> {
  const wrong = whatIsWrongWith(values);
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
  const chart = parse(readChart('Chart.yaml')) as { appVersion: string };
  const data = { Values: values, Release: { Name: releaseName }, Chart: { AppVersion: chart.appVersion } };
  const rendered: Manifest[] = [];
  for (const file of readdirSync(join(CHART, 'templates')).sort()) {
    const text = await renderTemplate(readChart(`templates/${file}`), data);
    if (text.includes('<no value>')) throw new Error(`${file} names a value that is not there:\n${text}`);
    for (const document of parseAllDocuments(text)) {
      if (document.errors.length > 0) throw new Error(`${file}: ${document.errors}\n${text}`);
      const manifest = document.toJS() as Manifest | null;
      if (manifest) rendered.push(manifest);
    }
  }
  return rendered;
}
