import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createPool, type Logger } from '@kith/service-kit';
import type { ServiceWithDatabase } from '@kith/services';
import { PrismaPg } from '@prisma/adapter-pg';
import {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import { SchemaEngine } from '@prisma/schema-engine-wasm';
import type pg from 'pg';

// Postgres' type "char", of which its catalogs are full, and char(n).
const CHAR_OID = 18;
const BPCHAR_OID = 1042;

/**
 * What `prisma migrate diff` says of a database and `prisma/<service>/schema.prisma`, from Prisma's own engine without
 * the binary it would download. null when they agree. What Prisma's schema language cannot say (checks, collations,
 * partial indexes) is not compared.
 */
export async function compareWithPrismaSchema(
  databaseUrl: string,
  service: ServiceWithDatabase,
  log: Logger,
): Promise<string | null> {
  const path = fileURLToPath(new URL(`../../../prisma/${service}/schema.prisma`, import.meta.url));
  const files = [{ path, content: await readFile(path, 'utf8') }];
  const pool = createPool({ url: databaseUrl, name: 'compare-with-prisma-schema', max: 1, log });
  try {
    const engine = await SchemaEngine.new(
      { datamodels: files.map(({ content }) => [path, content]) },
      () => undefined,
      bindMigrationAwareSqlAdapterFactory(adapterThatReadsCatalogs(pool)),
    );
    const { exitCode, stdout } = await engine.diff({
      from: { tag: 'schemaDatasource', files, configDir: path },
      to: { tag: 'schemaDatamodel', files },
      script: false,
      exitCode: true,
      filters: { externalTables: [], externalEnums: [] },
    });
    return exitCode === 0 ? null : stdout;
  } finally {
    await pool.end();
  }
}

/**
 * The adapter of 7.10.0 refuses columns of type "char", which the engine asks for. They are disguised as char(n) on their
 * way in and named what the engine expects on their way out. To be dropped when the adapter can read them.
 */
function adapterThatReadsCatalogs(pool: pg.Pool): SqlMigrationAwareDriverAdapterFactory {
  const disguised = new Set<string>();
  const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<pg.QueryResult>;
  Object.assign(pool, {
    query: async (...args: unknown[]) => {
      const result = await query(...args);
      for (const field of result.fields.filter(({ dataTypeID }) => dataTypeID === CHAR_OID)) {
        field.dataTypeID = BPCHAR_OID;
        disguised.add(field.name);
      }
      return result;
    },
  });

  const readable = (adapter: SqlDriverAdapter): SqlDriverAdapter => {
    const queryRaw = adapter.queryRaw.bind(adapter);
    return Object.assign(adapter, {
      queryRaw: async (...args: Parameters<typeof queryRaw>) => {
        const result = await queryRaw(...args);
        const columnTypes = result.columnTypes.map((type, index) =>
          disguised.has(result.columnNames[index] ?? '') ? ColumnTypeEnum.Character : type,
        );
        return { ...result, columnTypes };
      },
    });
  };

  const real = new PrismaPg(pool);
  return {
    provider: real.provider,
    adapterName: real.adapterName,
    connect: async () => readable(await real.connect()),
    connectToShadowDb: async () => readable(await real.connectToShadowDb()),
  };
}
