-- KEYS: the lease. ARGV: leaseMs, `read` or `forget`.
-- Of a lease that holds no longer: when its gateway was last heard of, and who was in it; `forget` deletes it. Nothing
-- while it holds; 'none' when there is no such lease.
local LEASE = KEYS[1]
local leaseMs = tonumber(ARGV[1])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local ends = tonumber(redis.call('HGET', LEASE, ':until') or '')
if not ends then return { 'none' } end
if ends > now and ends <= now + leaseMs then return {} end
if ARGV[2] == 'forget' then
  redis.call('DEL', LEASE)
  return { 'none' }
end
local heard = ends - leaseMs
if heard > now then heard = now end
local answer = { string.format('%.0f', heard) }
for _, name in ipairs(redis.call('HKEYS', LEASE)) do
  if string.sub(name, 1, 1) ~= ':' then table.insert(answer, name) end
end
return answer
