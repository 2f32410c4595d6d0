import {
  ALWAYS_THERE,
  databaseOf,
  SERVICE_NAMES,
  SERVICES,
  type ServiceAlwaysThere,
  type ServiceOnRequest,
  type ServiceWithDatabase,
  WITH_DATABASE,
} from '@kith/services';

/** `USER_DATABASE_URL` and its like. */
export type DatabaseVariable = ReturnType<typeof databaseOf>['urlVariable'];
type ServiceDatabaseVariable = ReturnType<typeof databaseOf>['serviceUrlVariable'];

const variableOf = (name: ServiceWithDatabase) => databaseOf(name).urlVariable;

/** A field of a configuration for the database of each service. */
export const databaseVariables = <Field>(field: Field) =>
  Object.fromEntries(WITH_DATABASE.map((name) => [variableOf(name), field])) as Record<DatabaseVariable, Field>;

/** The same, for with which each service is to open it. */
export const serviceDatabaseVariables = <Field>(field: Field) =>
  Object.fromEntries(WITH_DATABASE.map((name) => [databaseOf(name).serviceUrlVariable, field])) as Record<
    ServiceDatabaseVariable,
    Field
  >;

/** A field of a configuration for the address of each service that is always there. */
export const addressVariables = <Field>(field: Field) => ofThese<ServiceAlwaysThere, Field>(ALWAYS_THERE, field);

/** The same, for those that are started on request. */
export const addressesOnRequest = <Field>(field: Field) =>
  ofThese<ServiceOnRequest, Field>(
    SERVICE_NAMES.filter((name): name is ServiceOnRequest => SERVICES[name].startedBy !== undefined),
    field,
  );

const ofThese = <Name extends keyof typeof SERVICES, Field>(names: readonly Name[], field: Field) =>
  Object.fromEntries(names.map((name) => [SERVICES[name].urlVariable, field])) as Record<
    (typeof SERVICES)[Name]['urlVariable'],
    Field
  >;
