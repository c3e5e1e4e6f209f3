-- SPDX-License-Identifier: MIT
--
-- One more exemption by hand, or one that goes; what has ended goes with it, and is
-- all that goes where nobody is named.
--
-- KEYS[1]  gp:{exemptions}:x   hash: who -> "UNTIL AUTHOR: REASON", with the end in
--          seconds since 1970
-- ARGV     who, or "" for nobody
--          what the hash holds of them; "" to drop it
--          most of them that there may be
-- Returns  1, 0 if there was nothing to drop, -1 if there are too many
local key, who, value, most = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])
local now = tonumber(redis.call('TIME')[1])
local all, last, kept = redis.call('HGETALL', key), 0, 0
local was_there = false
for i = 1, #all, 2 do
  local ends = tonumber(string.match(all[i + 1], '^%d+')) or 0
  if all[i] == who then
    was_there = ends > now
    redis.call('HDEL', key, who)
  elseif ends <= now then
    redis.call('HDEL', key, all[i])
  else
    last, kept = math.max(last, ends), kept + 1
  end
end
if value == '' then return was_there and 1 or 0 end
if kept >= most then return -1 end
redis.call('HSET', key, who, value)
last = math.max(last, tonumber(string.match(value, '^%d+')) or 0)
redis.call('PEXPIRE', key, math.max(1, last - now) * 1000)
return 1
