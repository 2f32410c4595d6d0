import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { Service } from 'kubernetes-models/v1/Service';
import type { Manifest } from './render-chart.ts';

const MODELS = [Deployment, HorizontalPodAutoscaler, Job, NetworkPolicy, PodDisruptionBudget, Service];

/**
 * Validates against the schemas of the Kubernetes API, and refuses fields that they do not have: a field that no schema
 * has read is unknown. Returns the errors.
 */
export function whatKubernetesRefuses(manifest: Manifest): string[] {
  const Model = MODELS.find(({ apiVersion, kind }) => apiVersion === manifest.apiVersion && kind === manifest.kind);
  if (!Model) return [`there is no ${manifest.apiVersion} ${manifest.kind}`];
  const seen = new Set<string>();
  // The schemas also look at the two that the model itself sets.
  const model = Object.assign(new Model(undefined as never), watched(manifest, '', seen)) as { validate(): void };
  try {
    model.validate();
  } catch (error) {
    return [(error as Error).message];
  }
  const isUnknown = (path: string) => !seen.has(path) || (/^\/\w+$/.test(path) && !TOP.includes(path));
  return fieldsOf(manifest, '')
    .filter(isUnknown)
    .map((path) => `${path} is no field`);
}

/** Copied into the model, and so looked at in any case. */
const TOP = ['/apiVersion', '/kind', '/metadata', '/spec'];

function watched<Value>(value: Value, path: string, seen: Set<string>): Value {
  if (typeof value !== 'object' || value === null) return value;
  return new Proxy(value, {
    get(target, key) {
      const inner = Reflect.get(target, key);
      if (typeof key !== 'string' || !Object.hasOwn(target, key)) return inner;
      seen.add(`${path}/${key}`);
      return watched(inner, `${path}/${key}`, seen);
    },
  }) as Value;
}

function fieldsOf(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [`${path}/${key}`, ...fieldsOf(inner, `${path}/${key}`)]);
}
