-- Returns how often a log was begun, then the names of all logs.
local out = call('SMEMBERS', LOGS)
table.insert(out, 1, call('HGET', META, 'logs') or '0')
return out
