-- One Apply: the lease, slot and number of the Apply there, how often a log was begun as
-- far as the caller knows, how many versions the ops need, then the ops. Returns the
-- Apply's version, or one of the refusals below. Redis does not roll back: everything
-- that may fail is checked before the first write.
--
-- A process numbers its Applies in each slot. A repeat after a lost answer finds its
-- number and answers as the first did; one that comes when its slot has gone on is late.
local CONFLICT, LEASE_LOST, LATE, UNKNOWN_LEASE, LOGS_CHANGED, REFUSED = -1, -2, -3, -4, -5, -100

local lease, slot, this, logs, need = ARGV[1], ARGV[1] .. '/' .. ARGV[2], tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
local FIRST = 6
local version, place -- the Apply's, and the newest given to an Append or Push
local t -- the time, once an op needs it
local writes = false
local items = {}  -- deliveries by their op
local sums = {}   -- counters by their op
local fresh = {}  -- Puts of what does not exist, by their op

local arity = {P = 5, D = 4, C = 4, A = 4, N = 2, L = 3, T = 3, Q = 6, K = 6, R = 7, H = 6}

local function guard(at)
  local want = ARGV[at + 3]
  if want == '' then return end
  if want == '0' then
    if member(ARGV[at + 1], ARGV[at + 2]) then return CONFLICT end
    fresh[at] = true
    return
  end
  if versionOf(ARGV[at + 1], ARGV[at + 2]) ~= tonumber(want) then return CONFLICT end
end

local function leased(at)
  local i = load(queue(ARGV[at + 1]), ARGV[at + 2])
  if not i or i.lease ~= tonumber(ARGV[at + 3]) or i.lease == 0 or i.place ~= tonumber(ARGV[at + 4])
    or i.attempt ~= tonumber(ARGV[at + 5]) then
    return LEASE_LOST
  end
  items[at] = i
end

local function countable(at)
  sums[at] = counter(ARGV[at + 1], ARGV[at + 2])
  if not sums[at] then return REFUSED - at end
end

local function newLog(at)
  if call('EXISTS', namesKey(ARGV[at + 1])) == 1 then return REFUSED - at end
end

local function clock()
  t = t or now()
  return t
end

local check = {P = guard, D = guard, C = guard, A = countable, N = newLog, K = leased, R = leased, H = leased}

local write = {
  P = function(at) put(ARGV[at + 1], ARGV[at + 2], version, ARGV[at + 4], fresh[at]) end,
  D = function(at) delete(ARGV[at + 1], ARGV[at + 2]) end,
  A = function(at) put(ARGV[at + 1], ARGV[at + 2], version, digits(sums[at] + tonumber(ARGV[at + 3]))) end,
  N = function(at)
    call('SADD', LOGS, ARGV[at + 1])
    call('HINCRBY', META, 'logs', 1)
  end,
  L = function(at)
    place = place + 1
    call('XADD', logKey(ARGV[at + 1]), digits(place) .. '-0', 'v', ARGV[at + 2])
  end,
  T = function(at) call('XTRIM', logKey(ARGV[at + 1]), 'MINID', ARGV[at + 2] .. '-0') end,
  Q = function(at)
    place = place + 1
    push(queue(ARGV[at + 1]), ARGV[at + 2], place, clock() + tonumber(ARGV[at + 4]), ARGV[at + 3], ARGV[at + 5])
  end,
  K = function(at) ack(queue(ARGV[at + 1]), ARGV[at + 2], items[at]) end,
  R = function(at) giveBack(queue(ARGV[at + 1]), ARGV[at + 2], items[at], clock() + tonumber(ARGV[at + 6])) end,
}

-- each calls an op's function, if its kind has one, until one answers.
local function each(functions)
  local at = FIRST
  while at <= #ARGV do
    local kind = ARGV[at]
    local f = functions[kind]
    local refusal = f and f(at)
    if refusal then return refusal end
    at = at + arity[kind]
  end
end

local meta = call('HMGET', META, 'v', 'logs', lease, slot)
local newest = tonumber(meta[1])
if not meta[3] then return UNKNOWN_LEASE end
if meta[4] then
  local done, answer = struct.unpack('>I7I7', meta[4])
  if done == this then return answer end
  if done > this then return LATE end
end
if (meta[2] or '0') ~= logs then return LOGS_CHANGED end
local refusal = each(check)
if refusal then return refusal end
if need == 0 then return newest end
version, place = newest + need, newest
each(write)
call('HSET', META, 'v', digits(version), slot, bytes(this) .. bytes(version))
if next(queues) then wake(clock()) end
return version
