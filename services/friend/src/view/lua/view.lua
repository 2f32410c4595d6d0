-- Stands before every script of this folder. KEYS are the six of view-keys.ts.
local META, BY_NAME, NEWEST, FRIENDS, REQUESTS, LEASE = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local VIEW = { META, BY_NAME, NEWEST, FRIENDS, REQUESTS }

-- A revision or a count; anything else that stands in its place spoils the view, see spoiled-view.ts. (To tonumber,
-- "nan" and "1e9" are numbers too.)
local function whole(text)
  if not text or #text > 15 or not string.find(text, '^%d+$') then error('SPOILED: a number is none') end
  return tonumber(text)
end

-- The view, or nil. Redis may evict any key at any time, so a view of which a part is missing counts as none.
-- Revisions arrive and are kept as text: Lua would write a large number as 1e+15.
local function view()
  local meta = redis.call('HMGET', META, 'revision', 'floor', 'friends', 'requests')
  if not meta[1] then return nil end
  local friends, requests = whole(meta[3]), whole(meta[4])
  if redis.call('ZCARD', BY_NAME) ~= friends or redis.call('ZCARD', NEWEST) ~= friends
    or redis.call('HLEN', FRIENDS) ~= friends or redis.call('HLEN', REQUESTS) ~= requests then
    return nil
  end
  return { revision = whole(meta[1]), floor = whole(meta[2] or '0'), friends = friends, requests = requests }
end

-- The view if a reader who must see at least `floor` may have it; else nil and what stands in the way.
local function readable(floor, expireMs)
  local found = view()
  if not found then return nil, { 'none' } end
  if found.revision < found.floor or found.revision < tonumber(floor) then return nil, { 'behind' } end
  -- Sliding expiry, but five writes only once in a while.
  if redis.call('PTTL', META) < expireMs * 0.9 then
    for _, key in ipairs(VIEW) do redis.call('PEXPIRE', key, expireMs) end
  end
  return found
end

-- From now on nobody may take a state below this revision for the present one: neither a reader of the view, nor a
-- loader who has a state in hand. Both, because the view can be evicted while the loader is at work.
local function raiseFloor(revision)
  for _, key in ipairs({ META, LEASE }) do
    if redis.call('EXISTS', key) == 1 then
      local floor = redis.call('HGET', key, 'floor')
      if not floor or whole(floor) < tonumber(revision) then redis.call('HSET', key, 'floor', revision) end
    end
  end
end

-- The two sort keys in an entry, see list-entry.ts.
local function sortKeys(entry)
  return string.match(entry, '^([^\n]*)\n([^\n]*)\n')
end

local function member(sortKey, id)
  return sortKey .. '\0' .. id
end
