-- KEYS: the lease. ARGV: leaseMs, then people's ids.
-- Answers: whether the lease holds (1), how long ago its gateway was last heard of and the store's time, in ms; then of
-- each person on how many sockets they are in it. Nothing, when there is no such lease.
local LEASE = KEYS[1]
local leaseMs = tonumber(ARGV[1])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local ends = tonumber(redis.call('HGET', LEASE, ':until') or '')
if not ends then return {} end
local holds = (ends > now and ends <= now + leaseMs) and 1 or 0
local answer = { holds, string.format('%.0f', ends - leaseMs), string.format('%.0f', now) }
if #ARGV > 1 then
  for _, sockets in ipairs(redis.call('HMGET', LEASE, unpack(ARGV, 2))) do
    table.insert(answer, tonumber(sockets or '0') or 0)
  end
end
return answer
