-- KEYS: the lease. ARGV: seq, at, leaseMs, keepMs, then of each person who is here `here`, id, sockets, who is gone `gone`, id.
-- Answers: the store's time in ms, and the last message that was taken, or -1 when another lease has to be begun. What it
-- decides is `applyToLease` of @kith/presence.
local LEASE = KEYS[1]
local seq, at, leaseMs = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
-- Lua would write so large a number as 1e+12.
local function whole(number) return string.format('%.0f', number) end

local kept = redis.call('HMGET', LEASE, ':begun', ':until', ':seq')
local begun, ends, last = tonumber(kept[1] or ''), tonumber(kept[2] or ''), tonumber(kept[3] or '')
if not begun or not ends or not last then
  if seq > 0 then return { whole(now), -1 } end
  -- Of one that was evicted in part, nothing counts.
  redis.call('DEL', LEASE)
  redis.call('HSET', LEASE, ':begun', whole(now), ':until', whole(now + leaseMs), ':seq', '0')
  redis.call('PEXPIRE', LEASE, ARGV[4])
  return { whole(now), 0 }
end
if ends <= now or ends > now + leaseMs then return { whole(now), -1 } end
if seq <= last then return { whole(now), last } end
if at < begun or at > now or seq > last + 1 then return { whole(now), -1 } end

local place = 5
while place <= #ARGV do
  if ARGV[place] == 'here' then
    redis.call('HSET', LEASE, ARGV[place + 1], ARGV[place + 2])
    place = place + 3
  else
    redis.call('HDEL', LEASE, ARGV[place + 1])
    place = place + 2
  end
end
if at + leaseMs > ends then ends = at + leaseMs end
redis.call('HSET', LEASE, ':until', whole(ends), ':seq', whole(seq))
redis.call('PEXPIRE', LEASE, ARGV[4])
return { whole(now), seq }
