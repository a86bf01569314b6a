-- Run on every new connection before anything else: the primary's run_id, our format, a
-- lease's time in microseconds. Returns 0, or the format of the data if it is newer than
-- ours. A primary that is new begins an epoch: it may have forgotten the last versions
-- the old one gave out. And since nobody could renew a lease meanwhile, all get more time.
-- The same goes for the numbers of leases: two processes must not share one.
local EPOCH, LEASE_EPOCH = 2 ^ 32, 2 ^ 20
local run, format, ttl = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local old = call('HMGET', META, 'run', 'format', 'v', 'lease')
if old[2] and tonumber(old[2]) > format then return tonumber(old[2]) end
if old[1] == run then return 0 end
call('HSET', META, 'run', run, 'format', format, 'v', digits(tonumber(old[3] or 0) + EPOCH),
  'lease', digits(tonumber(old[4] or 0) + LEASE_EPOCH))
local t = now()
for _, lease in ipairs(call('ZRANGEBYSCORE', LEASES, '-inf', t + ttl)) do
  call('ZADD', LEASES, t + ttl, lease)
end
return 0
