-- ARGV: token
if redis.call('HGET', LEASE, 'token') == ARGV[1] then redis.call('DEL', LEASE) end
return 'released'
