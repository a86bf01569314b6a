-- Renews a lease, or begins one: the lease's number (0: none yet), its time in
-- microseconds, how many slots a process has. Returns the number of the lease that holds now.
local KEEP = 3600 * SECOND -- how long a lease is remembered after it ran out
local lease, ttl, slots = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local t = now()

local function forget()
  for _, old in ipairs(call('ZRANGEBYSCORE', ENDED, '-inf', t - KEEP, 'LIMIT', 0, 10)) do
    call('ZREM', ENDED, old)
    call('HDEL', META, old)
    for slot = 1, slots do call('HDEL', META, old .. '/' .. slot) end
    call('DEL', TAG .. ':pulls:' .. old)
  end
end

if lease > 0 then
  reclaim(t, ttl)
  if lives(lease, t) then
    call('ZADD', LEASES, t + ttl, lease)
    wake(t)
    return lease
  end
end
lease = call('HINCRBY', META, 'lease', 1)
call('HSET', META, digits(lease), 1)
call('ZADD', LEASES, t + ttl, lease)
forget()
wake(t)
return lease
