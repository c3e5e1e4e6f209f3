-- SPDX-License-Identifier: MIT
--
-- What is kept of one user, and the clock: the head of each script that is about a
-- user; store-keep.lua may be its tail.  No functions: for Redis to make one takes
-- longer than what it would do.
--
-- KEYS[1]  gp:{user}:u   a string, since a hash would take half as much again, and
--          the time of three commands more:
--
--   4      human      when the user last did what only a person does, seconds since
--                     1970; 0 never seen
--   1      marks      128 crowd follows; 64 sending follows; 32 userdb follows; and
--                     when the key was last given its time to live: 0 to 31, in parts
--                     of the retention
--   12     crowd      all programs together: theoretical arrival time (5; 10 ms since
--                     1970), how many rounds were early for it (2), and until when a
--                     login of a program of which nothing is known was held (5)
--   4      userdb     what Dovecot's says of the user, as store-userdb.c packs it
--   1 4 9* sending    how many windows there are, and what store-submit.lua says
--   then for each program:
--   1      length of its name; 128 more: what is beside the record follows
--   *      name       as store-program.c packs it
--   26     record     as store-poll.lua says; a last round (4) and an age (3) first
--   5      held       until when a login of the program was held (10 ms since
--                     1970), while no check has seen it; 2^39 more: own follows
--   4      told       when its user was last given a notice (seconds since 1970)
--   9      own        for each time of its own that steps of the ladder count in:
--                     early rounds in this window, in the one before, number of the
--                     window (1 each)
-- ARGV[1]  the name of the program that it is about; '' for none
local BYTES, BESIDE, OWN, TURN = 26, 9, 9, 4294967296
local HAS_OWN = 549755813888
local take, sub, byte = struct.unpack, string.sub, string.byte

local key, program = KEYS[1], ARGV[1]
local time = redis.call('TIME')
local seconds, microseconds = time[1] + 0, time[2] + 0
local now = seconds * 1000 + (microseconds - microseconds % 1000) / 1000
local unit = now % 10
local now10 = (now - unit) / 10

-- Of what is not ours, or cut off, nothing is known.
local value = redis.pcall('GET', key)
local human, marks, first = 0, 0, 6
local crowd_tat, crowd_early, crowd_held, userdb, sending = 0, 0, 0, 0, ''
if not value or value.err or #value < 5 then
  value = false
else
  human = take('>I5', value)
  marks = human % 256
  human = (human - marks) / 256 * 1000
end
if marks >= 32 then
  if marks >= 128 and #value >= 17 then
    crowd_tat, crowd_early, crowd_held = take('>I5I2I5', value, 6)
    crowd_tat, crowd_held, first = crowd_tat * 10, crowd_held * 10, 18
  end
  if marks % 64 >= 32 and #value >= first + 3 then
    userdb, first = take('>I4', value, first)
  end
  if marks % 128 >= 64 then
    local stop = first + 5 + 9 * (byte(value, first) or 0)
    sending = sub(value, first, stop - 1)
    first = stop
  end
end

-- Where the program is, where its record and what is beside it, and where that ends.
local mine, mine_record, beside, after, own_at
if value and program ~= '' then
  local place, length = first, byte(value, first)
  while length do
    local record, stop = place + length + 1
    if length < 128 then
      stop = record + BYTES
    else
      record = record - 128
      stop = record + BYTES + BESIDE
      if (byte(value, record + BYTES) or 0) >= 128 then stop = stop + OWN end
    end
    if stop > #value + 1 then break end
    if record - place - 1 == #program and
       sub(value, place + 1, record - 1) == program then
      mine, mine_record, after = place, record, stop
      if length >= 128 then
        beside = record + BYTES
        own_at = stop > beside + BESIDE and beside + BESIDE
      end
      break
    end
    place, length = stop, byte(value, stop)
  end
end
