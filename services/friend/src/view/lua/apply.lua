-- ARGV: revision, kind of change, id, value (entry or JSON; '' when removing)
-- Answers: applied | duplicate or hole and the view's revision | no-view
local revision, kind, id, value = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local found = view()
if found and tonumber(revision) <= found.revision then return { 'duplicate', found.revision } end
if not found or tonumber(revision) > found.revision + 1 then
  -- The list is known to have got this far: a loader who has less in hand loads again, a reader waits or reloads.
  raiseFloor(revision)
  if not found then return { 'no-view' } end
  return { 'hole', found.revision }
end

if kind == 'put-friends' then
  -- Too much for one step, and most of these lists are read by nobody yet: whoever reads next loads the list.
  raiseFloor(revision)
  redis.call('DEL', META, BY_NAME, NEWEST, FRIENDS, REQUESTS)
  return { 'no-view' }
end

-- A Redis that is full refuses the commands that could grow it and allows the rest: whichever is refused must come
-- first, so that the change is made whole or not at all.
local lastsMs = redis.call('PTTL', META)
redis.call('HSET', META, 'revision', revision)
if kind == 'put-friend' then
  local byName, newest = sortKeys(value)
  local old = redis.call('HGET', FRIENDS, id)
  if old then
    local oldByName, oldNewest = sortKeys(old)
    redis.call('ZREM', BY_NAME, member(oldByName, id))
    redis.call('ZREM', NEWEST, member(oldNewest, id))
  end
  redis.call('ZADD', BY_NAME, 0, member(byName, id))
  redis.call('ZADD', NEWEST, 0, member(newest, id))
  redis.call('HSET', FRIENDS, id, value)
elseif kind == 'remove-friend' then
  local old = redis.call('HGET', FRIENDS, id)
  if old then
    local oldByName, oldNewest = sortKeys(old)
    redis.call('ZREM', BY_NAME, member(oldByName, id))
    redis.call('ZREM', NEWEST, member(oldNewest, id))
    redis.call('HDEL', FRIENDS, id)
  end
elseif kind == 'put-request' then
  redis.call('HSET', REQUESTS, id, value)
elseif kind == 'remove-request' then
  redis.call('HDEL', REQUESTS, id)
end
redis.call('HSET', META, 'friends', redis.call('HLEN', FRIENDS), 'requests', redis.call('HLEN', REQUESTS))
-- A first friend or request made a key anew, and without an expiry. Only reading prolongs a view's life.
for _, key in ipairs(VIEW) do redis.call('PEXPIRE', key, math.max(lastsMs, 1)) end
return { 'applied' }
