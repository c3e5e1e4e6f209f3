-- SPDX-License-Identifier: MIT
--
-- The tail of a script that changes what is kept of a user (store-user.lua): writes it,
-- with the programs, of which there are so many, and returns the answer.
--
-- The time to live is given anew now and then, not each time.  What is oldest in the key
-- must not outlive the retention, so it is looked for then: what nobody has heard of for
-- half the retention goes, and so does the oldest program if there are too many.
local REMEMBERED_MAX, PARTS = 32, 32
local part = retention / PARTS
local touched = (now - now % part) / part % PARTS
local is_touched, time_to_live = not value or marks % PARTS ~= touched, retention
if is_touched or count > REMEMBERED_MAX then
  local kept, heard, place = {}, {}, 1
  while place <= #programs do
    local length = byte(programs, place)
    local record = place + 1 + length % 128
    local stop = record + BYTES
    if length >= 128 then
      stop = stop + ((byte(programs, stop) or 0) >= 128 and BESIDE + OWN or BESIDE)
    end
    if stop > #programs + 1 then break end
    local at, _, last = take('>I4I3I3', programs, record)
    -- Rounds are kept by the low 32 bits; those in the future are of a clock that went
    -- back.
    local age = (now10 - at) % TURN
    if age >= TURN / 2 then age = age - TURN end
    age = math.max(0, age * 10 - last * 100)
    if age <= retention / 2 then
      kept[#kept + 1], heard[#heard + 1] = sub(programs, place, stop - 1), age
    end
    place = stop
  end
  local function oldest()
    local oldest = 1
    for i = 2, #heard do if heard[i] > heard[oldest] then oldest = i end end
    return oldest
  end
  if #kept > REMEMBERED_MAX then
    local place = oldest()
    table.remove(kept, place)
    table.remove(heard, place)
  end
  programs = table.concat(kept)
  time_to_live = math.floor(retention - (heard[oldest()] or 0))
  human = human > 0 and math.max(human, now - retention) or 0
end
local head = struct.pack('>I4B', human / 1000, touched + (crowd_tat > 0 and 128 or 0) +
  (sending ~= '' and 64 or 0) + (userdb > 0 and 32 or 0))
if crowd_tat > 0 then
  head = head .. struct.pack('>I5I2I5', crowd_tat / 10, math.min(crowd_early, 65535),
    crowd_held / 10)
end
if userdb > 0 then head = head .. struct.pack('>I4', userdb) end
if is_touched then
  redis.call('SET', key, head .. sending .. programs, 'PX', time_to_live)
else
  redis.call('SET', key, head .. sending .. programs, 'KEEPTTL')
end
return answer
