-- SPDX-License-Identifier: MIT
--
-- A user begins anew: what programs have checked and what was sent is forgotten, but
-- not when there was a human last, nor what the userdb says.
--
-- KEYS[1]  gp:{user}:u   what is kept of a user stands in store-user.lua, which comes
--          before this
-- ARGV     ''
-- Returns  1, or 0 if nothing was known
local head = struct.pack('>I4B', human / 1000, marks % 32 + (userdb > 0 and 32 or 0)) ..
  (userdb > 0 and struct.pack('>I4', userdb) or '')
if not value or #value == #head then return 0 end
redis.call('SET', key, head, 'KEEPTTL')
return 1
