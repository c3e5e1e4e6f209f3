-- SPDX-License-Identifier: MIT
--
-- A login of a program is held: noted beside what is known of the program; or, if that
-- is nothing, beside the rate of all programs together, which is why it is held.  No
-- user and no program is made up here, and no key lives longer for it, since anybody
-- can try to log in.
--
-- KEYS[1]  gp:{user}:u   what is kept of a user stands in store-user.lua, which comes
--          before this
-- ARGV     the program, packed by store-program.c; for how long (ms)
-- Returns  1, or 0 if neither is known
local until10 = (now + ARGV[2] - (now + ARGV[2]) % 10) / 10
if not mine then
  if crowd_tat <= now then return 0 end
  redis.call('SETRANGE', key, 12, struct.pack('>I5', until10))
  return 1
end
local told = beside and take('>I4', value, beside + 5) or 0
redis.call('SET', key, sub(value, 1, mine - 1) .. struct.pack('B', #program + 128) ..
  sub(value, mine + 1, mine_record + BYTES - 1) ..
  struct.pack('>I5I4', until10 + (own_at and HAS_OWN or 0), told) ..
  (own_at and sub(value, own_at, after - 1) or '') .. sub(value, after),
  'KEEPTTL')
return 1
