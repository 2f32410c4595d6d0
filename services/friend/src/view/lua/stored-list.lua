-- Answers: for each key of the view and for the lease what it holds, or the error that reading it brought; for the
-- orders their members, for hashes fields and values in turn. Prolongs nothing, minds no floor.
return {
  redis.pcall('HGETALL', META),
  redis.pcall('ZRANGE', BY_NAME, 0, -1),
  redis.pcall('ZRANGE', NEWEST, 0, -1),
  redis.pcall('HGETALL', FRIENDS),
  redis.pcall('HGETALL', REQUESTS),
  redis.pcall('HGETALL', LEASE),
}
