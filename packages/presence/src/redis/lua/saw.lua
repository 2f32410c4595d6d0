-- KEYS: when somebody was last seen. ARGV: at (ms since 1970), keepMs. An older time does not replace a later one.
local kept = tonumber(redis.call('HGET', KEYS[1], 'at') or '')
if not kept or kept < tonumber(ARGV[1]) then redis.call('HSET', KEYS[1], 'at', ARGV[1]) end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
