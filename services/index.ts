export * from './services.ts';
export { REDIS_USERS, type RedisUser, usersOfRedis } from './who-may-do-what-in-redis.ts';
export { NATS_USERS, type NatsUser, usersOfNats } from './who-may-do-what-on-nats.ts';
