import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { workspaceRoot } from '@kith/local';
import { layOutFiles } from './lay-out-files.ts';

// `npx -y pnpm@12 observability`: rules for Prometheus, dashboards for Grafana.
for (const [path, text] of Object.entries(layOutFiles())) {
  mkdirSync(dirname(join(workspaceRoot, path)), { recursive: true });
  writeFileSync(join(workspaceRoot, path), text);
  process.stdout.write(`${path}\n`);
}
