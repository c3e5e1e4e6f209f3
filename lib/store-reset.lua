-- SPDX-License-Identifier: MIT
--
-- A user begins anew: what programs have checked and what was sent is forgotten, but
-- not when there was a human last.
--
-- KEYS[1]  gp:{user}:u   what is kept of a user stands in store-user.lua, which comes
--          before this
-- ARGV     ''
-- Returns  1, or 0 if nothing was known
if not value or #value == 5 then return 0 end
redis.call('SET', key, pack('>I4B', human / 1000, marks % 64), 'KEEPTTL')
return 1
