-- What every script begins with: the names of keys, the clock, numbers as bytes.
--
-- KEYS[1] is the hash tag, such as "{petrel}"; all keys of an installation begin with it:
--
--   :meta            a hash: format, run (the primary's run_id), v (the newest version),
--                    logs (how often a log was begun), lease (the newest lease number),
--                    <lease> (the lease is known), <lease>/<slot> (its last Apply there)
--   :k:<collection>  a sorted set by bytes: each document's name, see documents.lua
--   :d:<collection>  a hash: name -> version and value
--   :log:<log>       a stream: <version>-0 -> value
--   :logs            the names of logs
--   :q:<queue>:...   see queues.lua
--   :leased          all deliveries, by lease number
--   :leases          lease numbers, by the time they run out
--   :ended           lease numbers that ran out, by when
--   :pulls:<lease>   the number of the lease's last Pull of each queue
local call = redis.call
local TAG = KEYS[1]
local META, LOGS = TAG .. ':meta', TAG .. ':logs'
local LEASED, LEASES, ENDED = TAG .. ':leased', TAG .. ':leases', TAG .. ':ended'

-- now is the time in microseconds. All times are Redis's.
local function now()
  local t = call('TIME')
  return t[1] * 1000000 + t[2]
end

-- digits writes a whole number; Lua's own conversion rounds large ones.
local function digits(n) return string.format('%.0f', n) end

-- bytes writes a whole number so that the order of bytes is the order of numbers.
local function bytes(n) return struct.pack('>I7', n) end

local function number(s, at) return (struct.unpack('>I7', s, at)) end
