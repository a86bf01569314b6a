-- Takes a Pull back that nobody waited for any more: queue, lease, then ID, place and
-- attempt of each item. It is as if they had not been delivered.
local q, lease = queue(ARGV[1]), tonumber(ARGV[2])
for n = 3, #ARGV, 3 do
  local id, i = ARGV[n], load(q, ARGV[n])
  if i and i.lease == lease and i.place == tonumber(ARGV[n + 1]) and i.attempt == tonumber(ARGV[n + 2]) then
    i.attempt = i.attempt - 1
    giveBack(q, id, i, i.ready)
  end
end
wake(now())
return 0
