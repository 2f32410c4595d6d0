import { stringify } from 'yaml';
import { DASHBOARDS, type Dashboard, type Panel } from './declare-dashboards.ts';
import { ALERTS, RECORDED } from './declare-rules.ts';

/** The path within the repository, which each alert's `runbook_url` begins with. */
export const RUNBOOKS = 'docs/runbooks/alerts.md';
/** As a heading is addressed. */
export const anchorOf = (alert: string) => alert.toLowerCase();

const GENERATED = '# Written by `npx -y pnpm@12 observability`, from deploy/src.\n';

/** All generated files: their paths from the workspace's root, and what is in them. */
export function layOutFiles(): Readonly<Record<string, string>> {
  return {
    'deploy/prometheus/kith-rules.yaml': GENERATED + stringify({ groups: ruleGroups() }, { lineWidth: 0 }),
    'deploy/grafana/provisioning/dashboards.yaml': GENERATED + stringify(PROVIDER),
    ...Object.fromEntries(
      DASHBOARDS.map((each) => [
        `deploy/grafana/dashboards/${each.name}.json`,
        `${JSON.stringify(dashboardModel(each), null, 2)}\n`,
      ]),
    ),
  };
}

const PROVIDER = {
  apiVersion: 1,
  providers: [{ name: 'kith', folder: 'Kith', type: 'file', options: { path: '/var/lib/grafana/dashboards/kith' } }],
};

/** Alerting and recording rules: https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/ */
function ruleGroups() {
  return [
    { name: 'kith-indicators', interval: '30s', rules: RECORDED },
    {
      name: 'kith-alerts',
      rules: ALERTS.map(({ alert, expr, for: lasts, severity, summary }) => ({
        ...{ alert, expr, for: lasts, labels: { severity } },
        annotations: { summary, runbook_url: `${RUNBOOKS}#${anchorOf(alert)}` },
      })),
    },
  ];
}

const SOURCE = { type: 'prometheus', uid: '$datasource' };

/** A dashboard's JSON model: https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/ */
function dashboardModel({ name, title, panels }: Dashboard) {
  return {
    uid: name,
    title,
    tags: ['kith'],
    schemaVersion: 39,
    editable: false,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    templating: { list: [{ name: 'datasource', type: 'datasource', query: 'prometheus' }] },
    panels: panels.map(panelModel),
  };
}

function panelModel({ title, lines, unit }: Panel, index: number) {
  return {
    id: index + 1,
    type: 'timeseries',
    title,
    datasource: SOURCE,
    gridPos: { x: (index % 2) * 12, y: Math.floor(index / 2) * 8, w: 12, h: 8 },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    targets: lines.map(({ expr, legend }, at) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + at),
      ...{ expr, legendFormat: legend, datasource: SOURCE },
    })),
  };
}
