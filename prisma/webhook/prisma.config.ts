// Prisma downloads an engine for every command, though generate, validate and format never run it: name one that exists.
if (/^(generate|validate|format)$/.test(process.argv[2] ?? '')) {
  process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath;
}

export default {
  schema: './schema.prisma',
  migrations: { path: './migrations' },
  datasource: { url: process.env.WEBHOOK_DATABASE_URL ?? '' },
};
