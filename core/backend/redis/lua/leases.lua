-- Leases. A process has one, under which all its deliveries stand.
local RETURN = 1000 -- how many deliveries of a dead lease one script gives back

-- giveUp gives back deliveries of a lease, and reports whether that were all.
local function giveUp(lease)
  local left = call('ZRANGEBYSCORE', LEASED, lease, lease, 'LIMIT', 0, RETURN)
  for _, m in ipairs(left) do
    local at = string.find(m, '\0', 1, true)
    local q, id = queue(string.sub(m, 1, at - 1)), string.sub(m, at + 8)
    local i = load(q, id)
    giveBack(q, id, i, i.ready)
  end
  return #left < RETURN
end

local function finish(lease, t)
  if not giveUp(lease) then return false end
  call('ZREM', LEASES, lease)
  call('ZADD', ENDED, t, lease)
  return true
end

-- reclaim gives back what dead processes held. When every lease has run out, nobody could
-- renew any: Redis was away, or everybody stood still. Then all live on for a ttl.
local function reclaim(t, ttl)
  local out = call('ZRANGEBYSCORE', LEASES, '-inf', t, 'LIMIT', 0, 100)
  if #out == 0 then return end
  local newest = call('ZREVRANGE', LEASES, 0, 0, 'WITHSCORES')
  local away = tonumber(newest[2]) <= t
  for _, lease in ipairs(out) do
    if away then call('ZADD', LEASES, t + ttl, lease) else finish(lease, t) end
  end
end

-- lives reports whether a lease still holds, after reclaim. One that has run out is lost
-- even if not all of its deliveries are given back yet.
local function lives(lease, t)
  local ends = call('ZSCORE', LEASES, lease)
  return ends and tonumber(ends) > t
end
